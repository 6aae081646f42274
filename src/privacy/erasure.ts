import type { KeptTable } from "../store/kept-table.ts";
import { timeText } from "../store/time-text.ts";
import type { Subject } from "./subject.ts";

/**
 * How far an erasure has come:
 *
 * - `waiting`: for what was answered before it and is not stored yet
 * - `erasing`: rows are deleted, and what they were counted in is counted again
 * - `removing`: no answer knows of them any more; ClickHouse keeps the files of former parts for some minutes
 * - `done`: nothing is left in any file
 */
export const erasureStates = ["waiting", "erasing", "removing", "done"] as const;
export type ErasureState = (typeof erasureStates)[number];

/** What a job needs to go on where it was. */
export interface ErasureWork {
  readonly subject: Subject;
  /** The spool that was asked to store all rows below `untilRow`. */
  readonly ledger: string;
  readonly untilRow: number;
  /** No batch above has a row that was received before the request. */
  readonly upToBatch: number;
  /** Hours since 1970, by site, that events of the subject fell in. */
  readonly hours: Readonly<Record<string, ReadonlyArray<number>>>;
  /** Builds up to this one that others stand in place of are to go; and when the last row was deleted, epoch ms. */
  readonly upToBuild: number;
  readonly deletedAtMs: number;
}

/** What was done. */
export interface Receipt {
  /** Rows that were deleted, by table; `dead_letters` are those of the spool. */
  readonly rows: Readonly<Record<string, number>>;
  /** Hours of sites that were counted again, and days of sites that were sealed again. */
  readonly recountedHours: number;
  readonly resealedDays: number;
  /** Files that were set aside since nothing can read them: only a person can say what is in them. */
  readonly setAsideFiles: number;
  /** From when on no answer knows of it, and since when no file has it, epoch ms; 0 before. */
  readonly erasedAtMs: number;
  readonly goneAtMs: number;
}

export const emptyReceipt: Receipt = {
  rows: {},
  recountedHours: 0,
  resealedDays: 0,
  setAsideFiles: 0,
  erasedAtMs: 0,
  goneAtMs: 0,
};

export interface Erasure {
  /** A ULID. */
  readonly id: string;
  readonly project: string;
  readonly kind: Subject["kind"];
  readonly state: ErasureState;
  readonly requestedAtMs: number;
  /** Undefined once it is done. */
  readonly work: ErasureWork | undefined;
  readonly receipt: Receipt;
  readonly version: number;
}

interface ErasureRow {
  readonly project_id: string;
  readonly erasure_id: string;
  readonly kind: Subject["kind"];
  readonly state: ErasureState;
  readonly requested_ms: number;
  readonly work: string;
  readonly receipt: string;
  readonly version: number;
}

export const erasuresTable: KeptTable<ErasureRow, Erasure> = {
  name: "erasures",
  select: `SELECT project_id, erasure_id, kind, state, toUnixTimestamp64Milli(requested_at) AS requested_ms, work, receipt, version
    FROM erasures FINAL ORDER BY erasure_id`,
  entityOf: (row) => ({
    id: row.erasure_id,
    project: row.project_id,
    kind: row.kind,
    state: row.state,
    requestedAtMs: row.requested_ms,
    // Written by the column below and by nobody else.
    work: row.work === "" ? undefined : (JSON.parse(row.work) as ErasureWork),
    receipt: JSON.parse(row.receipt) as Receipt,
    version: row.version,
  }),
  idOf: ({ id }) => id,
  columns: {
    project_id: ({ project }) => project,
    erasure_id: ({ id }) => id,
    kind: ({ kind }) => kind,
    state: ({ state }) => state,
    requested_at: ({ requestedAtMs }) => timeText(requestedAtMs),
    work: ({ work }) => (work === undefined ? "" : JSON.stringify(work)),
    receipt: ({ receipt }) => JSON.stringify(receipt),
    version: ({ version }) => version,
  },
};
