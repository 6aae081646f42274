import { Effect } from "effect";
import { RecentIds } from "../ingest/duplicates/recent-ids.ts";
import { Spool } from "../spool/spool.ts";
import { eventColumns, splitRows } from "../store/event-row.ts";
import { BatchStore } from "./batch-store.ts";
import type { EventKey } from "./stored-among.ts";

const READ = { maxRows: 10_000, maxBytes: 16 * 1024 * 1024 };

const PROJECT = eventColumns.indexOf("project_id");
const ID = eventColumns.indexOf("event_id");
const RECEIVED = eventColumns.indexOf("received_at");

interface Identified extends EventKey {
  readonly row: Buffer;
}

const identify = (row: Buffer): Identified => {
  const text = row.toString();
  const values = JSON.parse(text) as ReadonlyArray<unknown>;
  return {
    project: String(values[PROJECT]),
    id: String(values[ID]),
    receivedAt: Number(values[RECEIVED]),
    row: Buffer.from(row),
  };
};

/**
 * Where the ledger was lost, finds out by their ids which events of the log are in ClickHouse, and puts the others at
 * the log's end, from where the writer then goes on. Cut off in the middle it begins anew: nothing is sent before its
 * end. Answers with what was found, for the operator.
 */
export const findLostPosition = Effect.gen(function* () {
  const { log, ledger } = yield* Spool;
  const store = yield* BatchStore;
  if (!ledger.isLost) return undefined;
  const end = log.nextRow;
  const seen = new RecentIds(() => 0);
  let stored = 0;
  let kept = 0;
  for (let row = ledger.storedRow; row < end; ) {
    const found = log.read(row, READ);
    if (found === undefined) break;
    row = found.endRow;
    if (found.count === 0) continue;
    const rows = splitRows(found.rows).map(identify);
    const there = yield* store.storedAmong(rows);
    const missing = rows.filter((one) => !there.has(one) && seen.addIfAbsent(one.project, one.id, 0));
    stored += rows.length - missing.length;
    kept += missing.length;
    if (missing.length > 0) {
      const seconds = Math.floor((missing[0]?.receivedAt ?? 0) / 1000);
      yield* Effect.promise(() =>
        log.commit(
          missing.map((one) => one.row),
          missing.length,
          seconds,
        ),
      );
    }
  }
  ledger.find(end);
  log.trim(end);
  return `The spool's ledger was lost. ${stored} events of the spool are in ClickHouse already, ${kept} are stored now; run bun run verify, since a batch that was under way may be in some tables only.`;
});
