/**
 * What goes wrong next.
 *
 * - `error`: answers 500 and does nothing
 * - `drop`: closes the connection and does nothing
 * - `drop_after`: does it, and closes the connection instead of answering
 * - `hang`: does nothing and never answers
 * - `hang_after`: does it and never answers
 * - `late`: closes the connection, and does it when the fault is changed the next time
 */
export type FaultMode = "error" | "drop" | "drop_after" | "hang" | "hang_after" | "late";

export interface Fault {
  readonly mode: FaultMode;
  /** Only statements that begin with this word, in any case, for example `INSERT`; every one if missing. */
  readonly statement?: string;
  /** Ends after so many statements; stays until the next change if missing. */
  readonly times?: number;
}

let current: Fault | undefined;
let left = 0;
let late: Array<() => Promise<unknown>> = [];
let met = 0;

/** Keeps a statement until the fault is changed. */
export const holdBack = (statement: () => Promise<unknown>): void => void late.push(statement);

/** Takes effect with the next statement; `undefined` heals everything. Resolves when what was late has ended. */
export const setFault = async (fault: Fault | undefined): Promise<void> => {
  current = fault;
  left = fault?.times ?? Number.POSITIVE_INFINITY;
  met = 0;
  const arriving = late;
  late = [];
  await Promise.allSettled(arriving.map((statement) => statement()));
};

/** Notes that a statement has met the fault, and that whatever it does all the same is done. */
export const noteMet = (): void => void met++;

/** Statements that met the present fault. */
export const statementsMet = (): number => met;

/** The fault that this statement meets. */
export const nextFault = (sql: string): FaultMode | undefined => {
  if (current === undefined || left <= 0) return undefined;
  const word = current.statement?.toUpperCase();
  if (word !== undefined && !sql.trimStart().toUpperCase().startsWith(word)) return undefined;
  left -= 1;
  return current.mode;
};
