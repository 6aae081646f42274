import { Effect } from "effect";
import { Spool } from "../../spool/spool.ts";
import { isLetterOf } from "../dead-letter.ts";
import type { Subject } from "../subject.ts";
import type { Job } from "./job.ts";

const POLL = "500 millis";

/** Waits until everything that was answered before the request is stored. */
export const awaitStored = ({ work }: Job) =>
  Effect.gen(function* () {
    const { log, ledger } = yield* Spool;
    // Another ledger than the one that was asked is a new one: rows have other numbers in it.
    const untilRow = ledger.id === work.ledger ? work.untilRow : log.nextRow;
    while (ledger.storedRow < untilRow) yield* Effect.sleep(POLL);
  });

/** Takes the subject out of the dead letters and of the files of the spool; how many letters there were. */
export const emptySpool = (subject: Subject, requestedAtMs: number) =>
  Effect.gen(function* () {
    const { log, ledger } = yield* Spool;
    let dropped = 0;
    for (;;) {
      const letters = ledger.deadLetters().filter(({ row }) => isLetterOf(row, subject, requestedAtMs));
      dropped += ledger.dropLetters(letters.map(({ id }) => id));
      // One that is being tried again cannot be dropped; it becomes an event or a letter again.
      if (letters.length === 0 || ledger.openBatch?.letter === undefined) break;
      yield* Effect.sleep(POLL);
    }
    ledger.compact();
    const isGone = log.retire();
    while (!isGone(ledger.storedRow)) yield* Effect.sleep(POLL);
    return dropped;
  });
