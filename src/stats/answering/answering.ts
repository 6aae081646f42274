import { Effect } from "effect";
import { version } from "../../../package.json";
import { type Authorize, questionParams } from "../../access/access.ts";
import type { HttpFailure } from "../../http/problem.ts";
import type { Run } from "../../http/run.ts";
import type { Retention } from "../../retention/retention.ts";
import type { SealedDays } from "../../sealing/sealed-days.ts";
import type { ClickHouse } from "../../store/clickhouse.ts";
import type { Decoded } from "../parameters/reader.ts";
import { AnswerCache } from "./answer-cache.ts";
import { type ClosableQuery, closedVersion } from "./closed-version.ts";
import { makeShared } from "./shared.ts";

export type StatsServices = ClickHouse | SealedDays | Retention;

interface Answered {
  /** JSON. */
  readonly body: string;
  readonly tag: string | undefined;
}

/** Parameters in an order that does not matter to them, so that equal questions look equal. */
const questionOf = (path: string, params: URLSearchParams): string => {
  params.sort();
  return `${path}?${params}`;
};

// A release may answer otherwise than the one before.
const tagOf = (question: string, closed: string): string =>
  `"${new Bun.CryptoHasher("sha256").update(`${version}\n${question}\n${closed}`).digest("hex").slice(0, 32)}"`;

const isKnown = (request: Request, tag: string): boolean =>
  (request.headers.get("if-none-match") ?? "")
    .split(",")
    .some((known) => known.trim().replace(/^W\//, "") === tag);

/**
 * How routes of the stats answer a GET request: `decode` and `ask` run after `authorize`, an equal question that is
 * being asked already is not asked again, and an answer about a closed period carries an ETag that changes when a late
 * event changes the answer. Such an answer is kept, and given again without asking as long as its ETag is the same.
 */
export const makeAnswering = (run: Run<StatsServices>, authorize: Authorize) => {
  const shared = makeShared<Answered, HttpFailure>();
  const cache = new AnswerCache();
  return async <Query extends ClosableQuery>(
    request: Request,
    decode: (params: URLSearchParams) => Decoded<Query>,
    ask: (query: Query) => Effect.Effect<object, HttpFailure, StatsServices>,
  ): Promise<Response> => {
    const answered = Effect.gen(function* () {
      const params = yield* questionParams(yield* authorize(request, "read"), request);
      const query = yield* decode(params);
      const question = questionOf(new URL(request.url).pathname, params);
      const closed = yield* closedVersion(query);
      const tag = closed === undefined ? undefined : tagOf(question, closed);
      if (tag !== undefined && isKnown(request, tag)) return { body: undefined, tag };
      const kept = tag === undefined ? undefined : cache.get(tag);
      if (kept !== undefined) return { body: kept, tag };
      return yield* shared(
        `${tag} ${question}`,
        Effect.gen(function* () {
          const body = JSON.stringify(yield* ask(query));
          // A late event may have come while it was asked.
          const isSame = tag !== undefined && (yield* closedVersion(query)) === closed;
          if (isSame) cache.set(tag, body);
          return { body, tag: isSame ? tag : undefined };
        }),
      );
    });
    const result = await run(answered, request.signal);
    if (result instanceof Response) return result;
    const headers: Record<string, string> =
      result.tag === undefined
        ? { "cache-control": "no-store" }
        : { "cache-control": "private, no-cache", etag: result.tag };
    return result.body === undefined
      ? new Response(null, { status: 304, headers })
      : new Response(result.body, {
          headers: { ...headers, "content-type": "application/json;charset=utf-8" },
        });
  };
};

/** Routes of the stats answer through one of these, so that they share what is asked and what is kept. */
export type Answering = ReturnType<typeof makeAnswering>;
