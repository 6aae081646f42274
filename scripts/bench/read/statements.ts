import { Effect } from "effect";
import type { ClickHouseShape } from "../../../src/store/clickhouse.ts";
import type { ClickHouseError } from "../../../src/store/clickhouse-error.ts";

type Read = Effect.Effect<unknown, ClickHouseError>;

/** A read as it was seen, with its place among the beginnings and ends of all others. */
interface Seen {
  readonly read: Read;
  readonly begun: number;
  ended: number;
}

/** The reads of one question, in the order in which they began. */
export type Statements = ReadonlyArray<Readonly<Seen>>;

const ATTEMPTS = 3;

/** ClickHouse that can tell which reads a question makes. */
export const recording = (clickhouse: ClickHouseShape) => {
  let seen: Array<Seen> | undefined;
  let place = 0;
  const noted = <A>(read: Effect.Effect<A, ClickHouseError>): Effect.Effect<A, ClickHouseError> =>
    Effect.suspend(() => {
      if (seen === undefined) return read;
      const entry: Seen = { read, begun: ++place, ended: Number.POSITIVE_INFINITY };
      seen.push(entry);
      return Effect.ensuring(
        read,
        Effect.sync(() => {
          entry.ended = ++place;
        }),
      );
    });
  const recorder: ClickHouseShape = {
    ...clickhouse,
    query: (sql, params, budget) => noted(clickhouse.query(sql, params, budget)),
    queryAs: (format, sql, params, budget) => noted(clickhouse.queryAs(format, sql, params, budget)),
  };

  const once = async (question: () => Promise<unknown>): Promise<Statements> => {
    const own: Array<Seen> = [];
    seen = own;
    try {
      await question();
    } finally {
      seen = undefined;
    }
    return own;
  };

  return {
    recorder,
    /** What runs in the background now and then may come between, so the shortest of a few lists is the question's own. */
    statementsOf: async (question: () => Promise<unknown>): Promise<Statements> => {
      let shortest: Statements | undefined;
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const own = await once(question);
        if (shortest === undefined || own.length < shortest.length) shortest = own;
      }
      return shortest ?? [];
    },
  };
};

/** Makes the reads again, each as soon as those have ended that it waited for when it was seen. */
export const replay = async (
  statements: Statements,
  run: (read: Read) => Promise<unknown>,
): Promise<void> => {
  const ended = new Map<Seen, Promise<unknown>>();
  for (const statement of statements) {
    const before = statements.filter((other) => other.ended < statement.begun);
    ended.set(
      statement,
      Promise.all(before.map((other) => ended.get(other))).then(() => run(statement.read)),
    );
  }
  await Promise.all(ended.values());
};
