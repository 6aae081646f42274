import { Clock, Context, Effect, Layer } from "effect";
import { Spool } from "../../spool/spool.ts";
import { addEncodedRows } from "./add-encoded-rows.ts";
import { loadRecentIds } from "./load-recent-ids.ts";
import { RecentIds } from "./recent-ids.ts";

/** The ids of the events that were accepted in the last 48 hours, stored or not. */
export class DuplicateIds extends Context.Tag("footfall/DuplicateIds")<DuplicateIds, RecentIds>() {}

/** Bytes of the log that are looked through at a time. */
const READ_BYTES = 8 * 1024 * 1024;

/** `loadStored` adds the ids of the stored events of the window; all others are in the spool. */
export const makeDuplicateIds = <E, R>(loadStored: (ids: RecentIds) => Effect.Effect<unknown, E, R>) =>
  Effect.gen(function* () {
    const { log, ledger } = yield* Spool;
    const clock = yield* Clock.clockWith(Effect.succeed);
    const ids = new RecentIds(() => clock.unsafeCurrentTimeMillis());
    yield* loadStored(ids);
    for (let row = ledger.storedRow; ; ) {
      const found = log.read(row, { maxRows: Number.MAX_SAFE_INTEGER, maxBytes: READ_BYTES });
      if (found === undefined) break;
      addEncodedRows(ids, found.rows);
      row = found.endRow;
    }
    for (const letter of ledger.deadLetters()) addEncodedRows(ids, Buffer.from(`${letter.row}\n`));
    const tidy = Effect.sync(() => ids.tidy());
    yield* Effect.forkScoped(Effect.forever(Effect.delay(tidy, "1 minute")));
    return ids;
  });

/** Known before the first request is taken. */
export const layerDuplicateIds = Layer.scoped(DuplicateIds, makeDuplicateIds(loadRecentIds));
