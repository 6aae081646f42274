import { Effect, Option, Stream } from "effect";
import type { StatsQuery } from "../../stats/parameters/query.ts";
import type { Statement } from "../../stats/statement.ts";
import { type AnswerFormat, ClickHouse, type QueryBudget } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { compareKey, type EventKey, KEY_COLUMNS, OLDEST_FIRST } from "../event-order.ts";
import { eventsBetween } from "../single-events.ts";

/** How the events of a slice are written. */
export interface SliceForm {
  readonly written: AnswerFormat;
  readonly columns: string;
}

export interface SliceSizes {
  /** What a slice should come to. */
  readonly targetBytes: number;
  /** The first slice is small, so that the file begins at once. */
  readonly firstRows: number;
  readonly mostRows: number;
  /** So few fit into every budget: an event has at most some 100 KB. */
  readonly fewestRows: number;
  readonly budget: QueryBudget;
}

/** The service goes on answering others meanwhile: an export takes neither every core nor much memory. */
export const usualSizes: SliceSizes = {
  targetBytes: 8 * 1024 * 1024,
  firstRows: 5_000,
  mostRows: 50_000,
  fewestRows: 250,
  budget: {
    maxSeconds: 15,
    maxMemoryBytes: 500_000_000,
    maxResultBytes: 96 * 1024 * 1024,
    maxThreads: 2,
  },
};

const HOUR_MS = 3_600_000;
const SHORTEST_MS = 1000;
/** The most by which slices change from one to the next. */
const STEP = 8;

/** How far an export has come, and how it goes on. */
interface Progress {
  /** All that happened before is written. */
  readonly fromMs: number;
  /** The last event that was written, where others of its time may follow. */
  readonly after: EventKey | undefined;
  /** The time that the next slice may cover, and the rows it may have. */
  readonly spanMs: number;
  readonly rows: number;
}

interface Extent {
  readonly count: number;
  readonly last_ms: number;
  readonly last_id: string;
  readonly last_batch: number;
}

/** What is exported, and how. */
interface Task {
  readonly query: StatsQuery;
  readonly form: SliceForm;
  readonly sizes: SliceSizes;
}

/** The events that the progress leaves, before `untilMs`. */
const restUntil = ({ query }: Task, { fromMs, after }: Progress, untilMs: number): Statement => {
  const where = eventsBetween(query, fromMs, untilMs);
  if (after === undefined) return where;
  const rest = compareKey(">", after, "after");
  return { sql: `${where.sql} AND ${rest.sql}`, params: { ...where.params, ...rest.params } };
};

/** How many of the next events lie before `untilMs`, and the last of them; undefined when there are none. */
const extentOf = (task: Task, progress: Progress, untilMs: number) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const rest = restUntil(task, progress, untilMs);
    const [extent] = yield* clickhouse.query<Extent>(
      `SELECT count() AS count, toUnixTimestamp64Milli(tupleElement(max((key_at, key_id, key_batch)) AS last, 1)) AS last_ms,
  tupleElement(last, 2) AS last_id, tupleElement(last, 3) AS last_batch
FROM (
  SELECT ${KEY_COLUMNS} FROM events AS t
  WHERE ${rest.sql}
  ORDER BY ${OLDEST_FIRST} LIMIT {row_limit:UInt32}
)`,
      { ...rest.params, row_limit: progress.rows },
      task.sizes.budget,
    );
    if (extent === undefined || extent.count === 0) return undefined;
    const last: EventKey = { atMs: extent.last_ms, id: extent.last_id, batch: extent.last_batch };
    return { count: extent.count, last };
  });

/** The events after the progress up to `last`, in order. */
const writtenUpTo = (task: Task, progress: Progress, last: EventKey) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const rest = restUntil(task, progress, last.atMs + 1);
    const end = compareKey("<=", last, "last");
    return yield* clickhouse.queryAs(
      task.form.written,
      `SELECT ${task.form.columns} FROM events AS t
WHERE ${rest.sql} AND ${end.sql}
ORDER BY ${OLDEST_FIRST}`,
      { ...rest.params, ...end.params },
      task.sizes.budget,
    );
  });

type Slice = Option.Option<readonly [Uint8Array, Progress]>;

/** The next slice and the progress after it; none when everything is written. What is too much is tried again smaller. */
const nextSlice = (task: Task, progress: Progress): Effect.Effect<Slice, ClickHouseError, ClickHouse> =>
  Effect.gen(function* () {
    const { fromMs, spanMs, rows } = progress;
    const { fewestRows, mostRows, targetBytes } = task.sizes;
    const { toMs } = task.query.range;
    if (fromMs >= toMs) return Option.none();
    const untilMs = Math.min(fromMs + spanMs, toMs);
    const again = (change: Partial<Progress>) => nextSlice(task, { ...progress, ...change });

    const extent = yield* Effect.either(extentOf(task, progress, untilMs));
    if (extent._tag === "Left") {
      if (extent.left.failure !== "over_budget" || spanMs <= SHORTEST_MS) return yield* extent.left;
      return yield* again({ spanMs: Math.max(SHORTEST_MS, Math.floor(spanMs / STEP)) });
    }
    if (extent.right === undefined) {
      return yield* again({ fromMs: untilMs, after: undefined, spanMs: spanMs * STEP });
    }

    const { count, last } = extent.right;
    const answer = yield* Effect.either(writtenUpTo(task, progress, last));
    if (answer._tag === "Left") {
      if (answer.left.failure !== "over_budget" || rows <= fewestRows) return yield* answer.left;
      return yield* again({ rows: Math.max(fewestRows, Math.floor(rows / STEP)) });
    }
    const bytes = answer.right;
    const fitting = Math.round((targetBytes / bytes.length) * count);
    const nextRows = Math.max(fewestRows, Math.min(rows * STEP, fitting, mostRows));
    const isWhole = count < rows;
    const coveredMs = (isWhole ? untilMs : last.atMs + 1) - fromMs;
    // A little more than the next rows will need, if they come as these did.
    const neededMs = Math.ceil(1.5 * coveredMs * (nextRows / count));
    return Option.some([
      bytes,
      {
        fromMs: isWhole ? untilMs : last.atMs,
        after: isWhole ? undefined : last,
        spanMs: Math.max(SHORTEST_MS, Math.min(spanMs * STEP, neededMs)),
        rows: nextRows,
      },
    ] as const);
  });

/**
 * The events of a question, oldest first, in slices that ClickHouse has written, each an answer of its own. Every event
 * that was there at the beginning is in one of them; what comes in meanwhile may be. Between two slices nothing is held in
 * the engine, however long the reader takes, and only one slice is in memory.
 *
 * The table is not in order of time, so that a slice is sought first (how far the next rows reach) and then read.
 */
export const slicesOf = (
  query: StatsQuery,
  form: SliceForm,
  sizes: SliceSizes = usualSizes,
): Stream.Stream<Uint8Array, ClickHouseError, ClickHouse> =>
  Stream.unfoldEffect<Progress, Uint8Array, ClickHouseError, ClickHouse>(
    { fromMs: query.range.fromMs, after: undefined, spanMs: HOUR_MS, rows: sizes.firstRows },
    (progress) => nextSlice({ query, form, sizes }, progress),
  );
