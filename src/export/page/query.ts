import { Either } from "effect";
import { limits } from "../../domain/event.ts";
import { commonNames, decodeCommon, limitBounds, type StatsQuery } from "../../stats/parameters/query.ts";
import { type Decoded, invalid, onlyKnown, scalar, wholeNumber } from "../../stats/parameters/reader.ts";
import type { EventKey } from "../event-order.ts";
import { decodeCursor, questionName } from "./cursor.ts";

const DAY_MS = 86_400_000;

export interface EventsQuery extends StatsQuery {
  readonly limit: number;
  /** The last event of the page before; undefined for the first page. */
  readonly after: EventKey | undefined;
  /** The question's name in cursors. */
  readonly question: string;
}

const takesCursor = "the `next` of an answer";

/**
 * Decodes the parameters of the events route. Without `from` and `to` the range is the last 24 hours, without `to` alone
 * it has no end; events may be a little ahead of `nowMs`, as senders' clocks are. Pages keep the range of the first one.
 */
export const decodeEventsQuery = (params: URLSearchParams, nowMs: number): Decoded<EventsQuery> =>
  Either.gen(function* () {
    yield* onlyKnown(params, [...commonNames, "limit", "cursor"]);
    const limit = yield* wholeNumber(params, "limit", limitBounds);
    const text = yield* scalar(params, "cursor", takesCursor);
    const cursor = text === undefined ? undefined : decodeCursor(text);
    if (text !== undefined && cursor === undefined) return yield* invalid("cursor", `takes ${takesCursor}.`);

    const given = { from: params.has("from"), to: params.has("to") };
    const completed = new URLSearchParams(params);
    if (!given.to) {
      if (!given.from) completed.set("from", new Date(cursor?.fromMs ?? nowMs - DAY_MS).toISOString());
      completed.set("to", new Date(cursor?.toMs ?? nowMs + limits.futureMs).toISOString());
    }
    const common = yield* decodeCommon(completed);
    const question = questionName(common, given);
    if (cursor !== undefined && cursor.question !== question) {
      return yield* invalid(
        "cursor",
        "belongs to other parameters; only `limit` may change from page to page.",
      );
    }
    return { ...common, limit, after: cursor?.last, question };
  });
