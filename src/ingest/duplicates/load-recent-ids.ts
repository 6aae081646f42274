import { Clock, Effect } from "effect";
import { ClickHouse, type QueryBudget } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { type RecentIds, WINDOW_HOURS } from "./recent-ids.ts";

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
const findOldParts = (since: number) =>
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

/** Cuts the time into spans of not more than `most` ids each, or of one minute. */
const findSpans = (since: number, until: number, oldParts: ReadonlyArray<string>, most: number) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const minutes = yield* clickhouse.query<{ minute: number; ids: number }>(
      `SELECT intDiv(toUnixTimestamp64Milli(received_at), ${MINUTE_MS}) AS minute, count() AS ids
      FROM events WHERE ${isInSpan} GROUP BY minute ORDER BY minute`,
      { since, until, oldParts },
      budget,
    );
    const spans: Array<Span> = [];
    for (const { minute, ids } of minutes) {
      const until = (minute + 1) * MINUTE_MS;
      const last = spans.at(-1);
      if (last !== undefined && last.ids + ids <= most) {
        spans[spans.length - 1] = { since: last.since, until, ids: last.ids + ids };
      } else {
        spans.push({ since: minute * MINUTE_MS, until, ids });
      }
    }
    return spans;
  });

// The hashes as `IdHash` computes them.
const loadSpan = (ids: RecentIds, { since, until }: Span, oldParts: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const hours = yield* clickhouse.query<{ hour: number; hashes: string }>(
      `SELECT intDiv(toUnixTimestamp64Milli(received_at), ${HOUR_MS}) AS hour,
        base64Encode(arrayStringConcat(groupArray(
          substring(SHA256(concat({key:String}, project_id, '\\0', event_id)), 1, 8)
        ))) AS hashes
      FROM events WHERE ${isInSpan} GROUP BY hour`,
      { since, until, oldParts, key: ids.key },
      budget,
    );
    for (const { hour, hashes } of hours) {
      const halves = new Int32Array(Uint8Array.from(Buffer.from(hashes, "base64")).buffer);
      for (let n = 0; n < halves.length; n += 2) {
        ids.addHash(halves[n] as number, halves[n + 1] as number, hour * HOUR_MS);
      }
    }
  });

/**
 * Adds the ids of all stored events of the window; succeeds with how many events there were. Says in the log how far it
 * is when it takes longer than two seconds. Asks for so many ids at a time, if a minute has no more.
 */
export const loadRecentIds = (
  ids: RecentIds,
  idsPerQuestion = IDS_PER_QUESTION,
): Effect.Effect<number, ClickHouseError, ClickHouse> =>
  Effect.gen(function* () {
    const { since } = ids;
    // A day more than the window: a clock that went back must not make the newest events unknown.
    const until = since + (WINDOW_HOURS + 25) * HOUR_MS;
    const oldParts = yield* findOldParts(since);
    const spans = yield* findSpans(since, until, oldParts, idsPerQuestion);
    const total = spans.reduce((sum, span) => sum + span.ids, 0);
    let saidAt = yield* Clock.currentTimeMillis;
    let loaded = 0;
    for (const span of spans) {
      yield* loadSpan(ids, span, oldParts);
      loaded += span.ids;
      const time = yield* Clock.currentTimeMillis;
      if (time - saidAt <= PROGRESS_INTERVAL_MS) continue;
      saidAt = time;
      yield* Effect.logInfo(`Reading the ids of recent events: ${loaded} of ${total}`);
    }
    return total;
  });
