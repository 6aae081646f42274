import { Either } from "effect";
import { commonNames, decodeCommon, eventTypeRule, type StatsQuery } from "../parameters/query.ts";
import {
  choice,
  type Decoded,
  invalid,
  onlyKnown,
  plainText,
  scalar,
  wholeNumber,
} from "../parameters/reader.ts";

export const pathKinds = ["page", "event"] as const;
export type PathKind = (typeof pathKinds)[number];

export const stepBounds = { minimum: 1, maximum: 5, fallback: 3 } as const;
export const valueBounds = { minimum: 1, maximum: 50, fallback: 10 } as const;

/** The longest path that events are taken with. */
const LONGEST_PATH = 8192;

export interface PathsQuery extends StatsQuery {
  readonly by: PathKind;
  /** Whether the chosen value is where paths start, or where they end. */
  readonly direction: "start" | "end";
  /** The path of a page, or an event type. */
  readonly chosen: string;
  /** How many values are followed from the chosen one. */
  readonly steps: number;
  /** Values of each step that are told apart. */
  readonly limit: number;
}

const decodeChosen = (
  params: URLSearchParams,
  by: PathKind,
): Decoded<Pick<PathsQuery, "direction" | "chosen">> =>
  Either.gen(function* () {
    const takes = by === "page" ? "the path of a page, such as /pricing" : "an event type, such as signup";
    const start = yield* scalar(params, "start", takes);
    const end = yield* scalar(params, "end", takes);
    if (start !== undefined && end !== undefined) {
      return yield* invalid("end", "cannot be given together with start: paths are followed one way.");
    }
    const direction = end === undefined ? "start" : "end";
    const text = start ?? end;
    if (text === undefined) return yield* invalid("start", `or end is required: ${takes}.`);
    const chosen = by === "page" ? plainText(LONGEST_PATH)(text) : eventTypeRule.parse(text);
    return chosen === undefined ? yield* invalid(direction, `takes ${takes}.`) : { direction, chosen };
  });

/** Decodes the parameters of the paths route; exactly one of `start` and `end` is given. */
export const decodePathsQuery = (params: URLSearchParams): Decoded<PathsQuery> =>
  Either.gen(function* () {
    yield* onlyKnown(params, [...commonNames, "by", "start", "end", "steps", "limit"]);
    const common = yield* decodeCommon(params);
    const by = yield* choice(params, "by", pathKinds, "page");
    return {
      ...common,
      by,
      ...(yield* decodeChosen(params, by)),
      steps: yield* wholeNumber(params, "steps", stepBounds),
      limit: yield* wholeNumber(params, "limit", valueBounds),
    };
  });
