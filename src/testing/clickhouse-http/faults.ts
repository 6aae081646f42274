/**
 * What goes wrong next.
 *
 * - `error`: answers 500 and does nothing
 * - `drop`: closes the connection and does nothing
 * - `drop_after`: does it, and closes the connection instead of answering
 * - `hang`: does nothing and never answers
 * - `hang_after`: does it and never answers
 */
export type FaultMode = "error" | "drop" | "drop_after" | "hang" | "hang_after";

export interface Fault {
  readonly mode: FaultMode;
  /** Only statements that begin with this word, in any case, for example `INSERT`; every one if missing. */
  readonly statement?: string;
  /** Ends after so many statements; stays until the next change if missing. */
  readonly times?: number;
}

let current: Fault | undefined;
let left = 0;

/** Takes effect with the next statement; `undefined` heals everything. */
export const setFault = (fault: Fault | undefined): void => {
  current = fault;
  left = fault?.times ?? Number.POSITIVE_INFINITY;
};

/** The fault that this statement meets. */
export const nextFault = (sql: string): FaultMode | undefined => {
  if (current === undefined || left <= 0) return undefined;
  const word = current.statement?.toUpperCase();
  if (word !== undefined && !sql.trimStart().toUpperCase().startsWith(word)) return undefined;
  left -= 1;
  return current.mode;
};
