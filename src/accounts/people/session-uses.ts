import { Effect } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import { timeText } from "../../store/time-text.ts";

const FLUSH_INTERVAL = "1 minute";

/** Where other nodes write too, their notes are read so often. */
const REFRESH_INTERVAL = "1 minute";

/** A use is written down when the last note of it is older than this. */
const EXACT_TO_MS = 10 * 60_000;

/** When sessions were used last, exact to ten minutes after a restart and on other nodes. */
export interface SessionUses {
  readonly lastUse: (id: string) => number | undefined;
  readonly note: (id: string, nowMs: number) => void;
  readonly forget: (id: string) => void;
}

export const makeSessionUses = Effect.gen(function* () {
  const clickhouse = yield* ClickHouse;
  const uses = new Map<string, number>();
  const written = new Map<string, number>();
  const waiting = new Map<string, number>();

  const read = Effect.map(
    clickhouse.query<{ session_id: string; used_ms: number }>(
      `SELECT session_id, toUnixTimestamp64Milli(max(used_at)) AS used_ms FROM account_session_uses
       WHERE used_at > now() - toIntervalDay(90) GROUP BY session_id`,
    ),
    (rows) => {
      for (const { session_id, used_ms } of rows) {
        uses.set(session_id, Math.max(used_ms, uses.get(session_id) ?? 0));
        written.set(session_id, Math.max(used_ms, written.get(session_id) ?? 0));
      }
    },
  );
  yield* read;

  const flush = Effect.suspend(() => {
    if (waiting.size === 0) return Effect.void;
    const flushed = [...waiting];
    const insert = clickhouse.insertRows({
      table: "account_session_uses",
      columns: ["session_id", "used_at"],
      rows: Buffer.from(flushed.map(([id, usedMs]) => JSON.stringify([id, timeText(usedMs)])).join("\n")),
      token: `session uses ${crypto.randomUUID()}`,
    });
    return Effect.tap(insert, () =>
      Effect.sync(() => {
        for (const [id, usedMs] of flushed) {
          written.set(id, usedMs);
          if (waiting.get(id) === usedMs) waiting.delete(id);
        }
      }),
    );
  }).pipe(Effect.catchAllCause((cause) => Effect.logDebug("Uses of sessions could not be written", cause)));
  yield* Effect.forkScoped(Effect.forever(Effect.delay(flush, FLUSH_INTERVAL)));
  if (clickhouse.engine === "server") {
    yield* read.pipe(
      Effect.catchAllCause((cause) => Effect.logDebug("Uses of sessions could not be read", cause)),
      Effect.delay(REFRESH_INTERVAL),
      Effect.forever,
      Effect.forkScoped,
    );
  }
  yield* Effect.addFinalizer(() => flush);

  const kept: SessionUses = {
    lastUse: (id) => uses.get(id),
    note: (id, nowMs) => {
      uses.set(id, nowMs);
      if (nowMs - (written.get(id) ?? 0) >= EXACT_TO_MS) waiting.set(id, nowMs);
    },
    forget: (id) => {
      for (const each of [uses, written, waiting]) each.delete(id);
    },
  };
  return kept;
});
