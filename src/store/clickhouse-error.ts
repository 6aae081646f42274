import { Data } from "effect";

/**
 * Why ClickHouse did not do what was asked.
 *
 * - `unavailable`: not reachable, shutting down, read-only, out of space
 * - `overloaded`: too many parts, too many queries
 * - `over_budget`: the statement exceeded its time, memory or row bound
 * - `bad_row`: a row in the data cannot be stored
 * - `bad_pattern`: RE2 refuses a regular expression, and the message is its reason
 * - `bad_statement`: the SQL itself is wrong, or names what does not exist
 * - `other`: anything else
 */
export type ClickHouseFailure =
  | "unavailable"
  | "overloaded"
  | "over_budget"
  | "bad_row"
  | "bad_pattern"
  | "bad_statement"
  | "other";

/** `retryable` says whether the very same statement can succeed later. */
export class ClickHouseError extends Data.TaggedError("ClickHouseError")<{
  readonly failure: ClickHouseFailure;
  readonly retryable: boolean;
  /** ClickHouse's own error number; undefined when the server was not reached. */
  readonly code: number | undefined;
  readonly message: string;
  readonly cause?: unknown;
}> {}

// Numbers from ClickHouse's src/Common/ErrorCodes.cpp.
const failures: Record<Exclude<ClickHouseFailure, "other">, ReadonlyArray<number>> = {
  unavailable: [
    3, 74, 75, 192, 193, 194, 209, 210, 225, 236, 242, 243, 279, 394, 415, 425, 492, 516, 598, 999,
  ],
  // 216: the same insert, tried before, is still running.
  overloaded: [202, 216, 252, 319, 745],
  over_budget: [158, 159, 160, 241, 307, 396],
  bad_row: [
    6, 26, 27, 33, 38, 41, 53, 69, 70, 72, 117, 130, 131, 153, 321, 349, 395, 407, 441, 467, 471, 676, 691,
  ],
  bad_pattern: [427],
  bad_statement: [
    10, 16, 36, 42, 43, 44, 46, 47, 48, 50, 56, 57, 60, 62, 63, 80, 81, 115, 164, 179, 184, 215, 386, 456,
    457, 497,
  ],
};

const failureByCode = new Map<number, ClickHouseFailure>(
  Object.entries(failures).flatMap(([failure, codes]) =>
    codes.map((code) => [code, failure as ClickHouseFailure] as const),
  ),
);

const retryable: Record<ClickHouseFailure, boolean> = {
  unavailable: true,
  overloaded: true,
  over_budget: true,
  bad_row: false,
  bad_pattern: false,
  bad_statement: false,
  other: true,
};

const codeOf = (error: unknown, text: string): number | undefined => {
  if (typeof error === "object" && error !== null && "code" in error && /^\d+$/.test(String(error.code))) {
    return Number(error.code);
  }
  const match = /Code: (\d+)\. DB::Exception/.exec(text);
  return match === null ? undefined : Number(match[1]);
};

// The engine quotes the whole pattern before the reason, and the statement behind it.
const patternReason = (text: string): string =>
  /cannot compile re2: .*?, error: (.*?)\. Look at /s.exec(text)?.[1] ?? "it is no regular expression of RE2";

const unanswered = (text: string, address: string | undefined): string => {
  const server = address === undefined ? "ClickHouse" : `ClickHouse at ${address}`;
  const firstLine = text.trim().split("\n", 1)[0] ?? "";
  return /^<(!doctype|html|\?xml)/i.test(firstLine)
    ? `${server} cannot be reached: something else answered there. It takes the address of ClickHouse's HTTP interface (port 8123 by default).`
    : `${server} cannot be reached: ${firstLine || "no answer"}`;
};

/** Classifies what the HTTP client or the embedded engine threw; `address` is named where nothing answered. */
export const toClickHouseError = (error: unknown, address?: string): ClickHouseError => {
  const text = error instanceof Error ? error.message : String(error);
  const code = codeOf(error, text);
  // Without a number the request never got an answer: refused, reset or timed out on the way.
  const failure = code === undefined ? "unavailable" : (failureByCode.get(code) ?? "other");
  // A parse error goes on with a dump of the row; only its first line is free of it, and it is cut short.
  const message =
    code === undefined
      ? unanswered(text, address)
      : failure === "bad_pattern"
        ? patternReason(text)
        : (text.split("\n", 1)[0] ?? "").replaceAll(/(Code: \d+\. DB::Exception: )+/g, "");
  return new ClickHouseError({
    failure,
    retryable: retryable[failure],
    code,
    message: message.slice(0, 300),
    cause: error,
  });
};
