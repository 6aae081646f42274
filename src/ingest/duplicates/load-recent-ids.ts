import { Clock, Effect } from "effect";
import { ClickHouse, type QueryBudget } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { eventColumns } from "../../store/event-row.ts";
import type { RecentIds } from "./recent-ids.ts";

/** Ids of one question: 11 bytes of text each here, some 40 in the engine. */
const IDS_PER_QUESTION = 1_000_000;

const PROGRESS_INTERVAL_MS = 2000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** The service waits for this at its start; a cold disk may need more than an answer to a person may take. */
const budget: QueryBudget = { maxSeconds: 120, maxMemoryBytes: 1_500_000_000 };

/** Whole minutes of `received_at`, epoch ms: from `since`, before `until`. */
interface Span {
  readonly since: number;
  readonly until: number;
  readonly ids: number;
}

// A part that was written before the window began has no row of it and is not read: `received_at` is not in the primary
// key, and a scan of months would take longer than everything else. Parts never change, so that naming the ones to
// leave out is safe while others are merged. The hour more is for a server whose clock is not ours. Without the right to
// read the list all parts are read.
const oldParts = (since: number) =>
  ClickHouse.pipe(
    Effect.flatMap((clickhouse) =>
      clickhouse.query<{ name: string }>(
        `SELECT name FROM system.parts
        WHERE database = currentDatabase() AND table = 'events' AND active
          AND toUnixTimestamp(modification_time) < {before:Int64}`,
        { before: Math.floor((since - HOUR_MS) / 1000) },
        budget,
      ),
    ),
    Effect.map((parts) => parts.map(({ name }) => name)),
    Effect.orElseSucceed((): ReadonlyArray<string> => []),
  );

const isInSpan = `received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
  AND received_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC') AND _part NOT IN {oldParts:Array(String)}`;

/** Cuts the window into spans of not much more than a million ids each, the newest first. */
const findSpans = (since: number, until: number, oldParts: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const minutes = yield* clickhouse.query<{ minute: number; ids: number }>(
      `SELECT intDiv(toUnixTimestamp64Milli(received_at), ${MINUTE_MS}) AS minute, count() AS ids
      FROM events WHERE ${isInSpan} GROUP BY minute ORDER BY minute DESC`,
      { since, until, oldParts },
      budget,
    );
    const spans: Array<Span> = [];
    let span: Span | undefined;
    for (const { minute, ids } of minutes) {
      if (span !== undefined && span.ids + ids <= IDS_PER_QUESTION) {
        span = { since: minute * MINUTE_MS, until: span.until, ids: span.ids + ids };
      } else {
        if (span !== undefined) spans.push(span);
        span = { since: minute * MINUTE_MS, until: (minute + 1) * MINUTE_MS, ids };
      }
    }
    if (span !== undefined) spans.push(span);
    return spans;
  });

/** `xxHash32(…)` as `IdHash` computes it. */
const hashOf = (prefix: string) => `xxHash32(concat({${prefix}:String}, project_id, '\\0', event_id))`;

// The empty text makes a String of the FixedString, whose zero bytes at the end `arrayStringConcat` would leave out.
const loadSpan = (ids: RecentIds, { since, until }: Span, oldParts: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const hours = yield* clickhouse.query<{ hour: number; hashes: string }>(
      `SELECT intDiv(toUnixTimestamp64Milli(received_at), ${HOUR_MS}) AS hour,
        base64Encode(arrayStringConcat(groupArray(concat(reinterpretAsFixedString(
          bitOr(bitShiftLeft(toUInt64(${hashOf("high")}), 32), toUInt64(${hashOf("low")}))
        ), '')))) AS hashes
      FROM events WHERE ${isInSpan} GROUP BY hour ORDER BY hour DESC`,
      { since, until, oldParts, ...ids.prefixes },
      budget,
    );
    for (const { hour, hashes } of hours) {
      const bytes = Buffer.from(hashes, "base64");
      for (let at = 0; at < bytes.length; at += 8) {
        ids.addHash(bytes.readInt32LE(at), bytes.readInt32LE(at + 4), hour * HOUR_MS);
      }
    }
  });

/**
 * Adds the ids of all stored events of the window; succeeds with how many events there were. Says in the log how far it
 * is when it takes longer than two seconds.
 */
export const loadRecentIds = (ids: RecentIds): Effect.Effect<number, ClickHouseError, ClickHouse> =>
  Effect.gen(function* () {
    const { since, now } = ids.window;
    const parts = yield* oldParts(since);
    // A day more than now: a clock that went back must not make the newest events unknown.
    const spans = yield* findSpans(since, now + 24 * HOUR_MS, parts);
    const total = spans.reduce((sum, span) => sum + span.ids, 0);
    let saidAt = yield* Clock.currentTimeMillis;
    let loaded = 0;
    for (const span of spans) {
      yield* loadSpan(ids, span, parts);
      loaded += span.ids;
      const time = yield* Clock.currentTimeMillis;
      if (time - saidAt <= PROGRESS_INTERVAL_MS) continue;
      saidAt = time;
      yield* Effect.logInfo(`Reading the ids of recent events: ${loaded} of ${total}`);
    }
    return total;
  });

const projectColumn = eventColumns.indexOf("project_id");
const idColumn = eventColumns.indexOf("event_id");
const receivedColumn = eventColumns.indexOf("received_at");
const columnsNeeded = Math.max(projectColumn, idColumn, receivedColumn) + 1;

const [QUOTE, BACKSLASH, COMMA, NEW_LINE] = [0x22, 0x5c, 0x2c, 0x0a] as const;

/** Where the last of the columns that are needed ends; they are plain values, so that only texts can hide a comma. */
const endOfColumns = (rows: Buffer, start: number, end: number): number => {
  let isText = false;
  let columns = 0;
  for (let at = start; at < end; at++) {
    const byte = rows[at];
    if (byte === QUOTE) isText = !isText;
    else if (byte === BACKSLASH) at++;
    else if (byte === COMMA && !isText && ++columns === columnsNeeded) return at;
  }
  return end;
};

/**
 * Adds the ids of encoded rows (see `encodeRow`), as they wait to be stored; the number of ids that were new. A row that
 * cannot be read has no id here; what becomes of it is up to the writer.
 */
export const addEncodedRows = (ids: RecentIds, rows: Buffer): number => {
  let added = 0;
  for (let start = 0; start < rows.length; ) {
    const lineEnd = rows.indexOf(NEW_LINE, start);
    const end = lineEnd < 0 ? rows.length : lineEnd;
    const row = readColumns(`${rows.toString("utf8", start, endOfColumns(rows, start, end))}]`);
    const project = row[projectColumn];
    const id = row[idColumn];
    const receivedAt = row[receivedColumn];
    if (typeof project === "string" && typeof id === "string" && typeof receivedAt === "number") {
      if (ids.addIfAbsent(project, id, receivedAt)) added++;
    }
    start = end + 1;
  }
  return added;
};

const readColumns = (text: string): ReadonlyArray<unknown> => {
  try {
    const row: unknown = JSON.parse(text);
    return Array.isArray(row) ? row : [];
  } catch {
    return [];
  }
};
