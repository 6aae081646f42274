import type { StatsQuery } from "../../stats/parameters/query.ts";
import type { EventKey } from "../event-order.ts";

/** Where a page ended, and the range that it belongs to. */
export interface Cursor {
  /** Tells questions apart: a cursor goes on only with the question that it came from. */
  readonly question: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly last: EventKey;
}

const VERSION = 1;

/** An id of 128 characters of four bytes, and the rest. */
const MAXIMUM_LENGTH = 1024;

/** A short name of a question. A range that was not given is part of the cursor, not of the question. */
export const questionName = (
  query: StatsQuery,
  given: { readonly from: boolean; readonly to: boolean },
): string =>
  new Bun.CryptoHasher("sha256")
    .update(
      JSON.stringify([
        query.project,
        query.range.zone,
        query.bots,
        query.filter,
        given.from ? query.range.fromMs : null,
        given.to ? query.range.toMs : null,
      ]),
    )
    .digest("base64url")
    .slice(0, 16);

export const encodeCursor = ({ question, fromMs, toMs, last }: Cursor): string =>
  Buffer.from(JSON.stringify([VERSION, question, fromMs, toMs, last.atMs, last.id, last.batch])).toString(
    "base64url",
  );

/** No range reaches beyond the year 2099. */
const END_MS = Date.UTC(2100, 0, 2);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** The cursor that a text stands for; undefined for a text that {@link encodeCursor} has not made. */
export const decodeCursor = (text: string): Cursor | undefined => {
  if (text.length > MAXIMUM_LENGTH || !/^[A-Za-z0-9_-]+$/.test(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
  if (!Array.isArray(value) || value.length !== 7) return undefined;
  const [version, question, fromMs, toMs, atMs, id, batch]: ReadonlyArray<unknown> = value;
  const isSound =
    version === VERSION &&
    typeof question === "string" &&
    typeof id === "string" &&
    id.isWellFormed() &&
    !id.includes("\0") &&
    isCount(fromMs) &&
    isCount(toMs) &&
    isCount(atMs) &&
    isCount(batch) &&
    fromMs <= atMs &&
    atMs < toMs &&
    toMs < END_MS;
  return isSound ? { question, fromMs, toMs, last: { atMs, id, batch } } : undefined;
};
