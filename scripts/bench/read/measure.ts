import type { Effect } from "effect";
import type { Services } from "../../../src/http/app.ts";
import { timesOf } from "../quantile.ts";
import type { Question } from "./questions.ts";
import type { QuestionResult } from "./result.ts";
import { replay, type Statements } from "./statements.ts";
import { type Turn, takeTurns } from "./turns.ts";

const RUNS = 30;
const WARM_UP_RUNS = 2;

/** Questions to single events may take seconds each. */
const RAW_LEAST_RUNS = 3;
const RAW_MOST_MS = 15_000;

export interface Subject {
  readonly ask: (question: Question) => Promise<Response>;
  readonly run: <A, E>(effect: Effect.Effect<A, E, Services>) => Promise<A>;
  readonly statementsOf: (question: () => Promise<unknown>) => Promise<Statements>;
}

interface Measured {
  readonly question: Question;
  readonly statements: Statements;
  readonly route: Turn;
  readonly sql: Turn;
  raw?: Turn;
  rawFailure?: string;
}

const failureOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const say = (text: string) => console.error(`  ${text}`);

/** Asks every question in turn, over HTTP and by its statements, and afterwards, with `askRaw`, of single events. */
export const measure = async (
  asked: ReadonlyArray<Question>,
  { ask, run, statementsOf }: Subject,
): Promise<{
  readonly questions: () => ReadonlyArray<QuestionResult>;
  readonly missing: ReadonlyArray<string>;
  readonly askRaw: () => Promise<void>;
}> => {
  const answered = async (question: Question): Promise<void> => {
    const response = await ask(question);
    const bytes = await response.bytes();
    if (response.status !== 200) {
      throw new Error(
        `${question.path} answered ${response.status}: ${new TextDecoder().decode(bytes.subarray(0, 1000))}`,
      );
    }
    if (response.headers.has("etag")) throw new Error(`${question.path} is answered from what was kept`);
  };
  const again = (statements: Statements) => replay(statements, run);

  const measured: Array<Measured> = [];
  const missing: Array<string> = [];
  for (const question of asked) {
    const first = await ask(question);
    await first.bytes();
    if (first.status === 404) {
      missing.push(question.name);
      continue;
    }
    const statements = await statementsOf(() => answered(question));
    measured.push({
      question,
      statements,
      route: { work: () => answered(question), times: [] },
      sql: { work: () => again(statements), times: [] },
    });
  }

  const turns = measured.flatMap(({ route, sql, statements }) =>
    statements.length === 0 ? [route] : [route, sql],
  );
  await takeTurns(turns, {
    runs: WARM_UP_RUNS,
    onRound: (round) => say(`warm-up ${round + 1} of ${WARM_UP_RUNS}`),
  });
  for (const turn of turns) turn.times.length = 0;
  await takeTurns(turns, {
    runs: RUNS,
    onRound: (round) => {
      if (round % 5 === 0) say(`round ${round + 1} of ${RUNS}`);
    },
  });

  const askRaw = async (): Promise<void> => {
    const rawTurns: Array<Turn> = [];
    for (const one of measured) {
      const { raw } = one.question;
      if (raw === undefined) continue;
      try {
        const statements = await statementsOf(() => run(raw()));
        const work = () =>
          again(statements).catch((error: unknown) => {
            // Near the limit of what a question may take, the next time it may be over it.
            one.rawFailure = failureOf(error);
          });
        one.raw = { work, times: [] };
        rawTurns.push(one.raw);
      } catch (error) {
        one.rawFailure = failureOf(error);
      }
    }
    say(`${rawTurns.length} questions to single events`);
    await takeTurns(rawTurns, { runs: RUNS, mostMs: RAW_MOST_MS, leastRuns: RAW_LEAST_RUNS });
  };

  return {
    missing,
    askRaw,
    questions: () =>
      measured.map(({ question, statements, route, sql, raw, rawFailure }) => ({
        name: question.name,
        group: question.group,
        statements: statements.length,
        route: timesOf(route.times),
        sql: sql.times.length === 0 ? undefined : timesOf(sql.times),
        raw: raw === undefined || rawFailure !== undefined ? undefined : timesOf(raw.times),
        ...(rawFailure === undefined ? {} : { rawFailure }),
      })),
  };
};
