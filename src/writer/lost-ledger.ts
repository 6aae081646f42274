import { Effect } from "effect";
import { RecentIds } from "../ingest/duplicates/recent-ids.ts";
import { Spool } from "../spool/spool.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { eventColumns, splitRows } from "../store/event-row.ts";

const READ = { maxRows: 10_000, maxBytes: 16 * 1024 * 1024 };

const PROJECT = eventColumns.indexOf("project_id");
const ID = eventColumns.indexOf("event_id");
const RECEIVED = eventColumns.indexOf("received_at");

interface Identified {
  readonly project: string;
  readonly id: string;
  readonly receivedAt: number;
  readonly row: string;
}

const identify = (row: Buffer): Identified => {
  const text = row.toString();
  const values = JSON.parse(text) as ReadonlyArray<unknown>;
  return {
    project: String(values[PROJECT]),
    id: String(values[ID]),
    receivedAt: Number(values[RECEIVED]),
    row: text,
  };
};

const keyOf = (project: string, id: string) => `${project}\0${id}`;

const storedAmong = (rows: ReadonlyArray<Identified>) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const times = rows.map(({ receivedAt }) => receivedAt);
    const found = yield* clickhouse.query<{ project: string; id: string }>(
      `SELECT project_id AS project, event_id AS id FROM events
       WHERE received_at BETWEEN fromUnixTimestamp64Milli({from:Int64}) AND fromUnixTimestamp64Milli({to:Int64})
         AND event_id IN {ids:Array(String)}`,
      { from: Math.min(...times), to: Math.max(...times), ids: rows.map(({ id }) => id) },
    );
    return new Set(found.map(({ project, id }) => keyOf(project, id)));
  });

/**
 * Where the ledger was lost, finds out by their ids which events of the log are in ClickHouse, and puts the others at
 * the log's end, from where the writer then goes on. Cut off in the middle it begins anew: nothing is sent before its
 * end. Answers with what was found, for the operator.
 */
export const findLostPosition = Effect.gen(function* () {
  const { log, ledger } = yield* Spool;
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
    const there = yield* storedAmong(rows);
    const missing = rows.filter(
      ({ project, id }) => !there.has(keyOf(project, id)) && seen.addIfAbsent(project, id, 0),
    );
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
