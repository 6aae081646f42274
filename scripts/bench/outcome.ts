import type { Row } from "./table.ts";

/** Rows under a title of their own; without one they go into the table of all stages. */
export interface Table {
  readonly title?: string;
  readonly rows: ReadonlyArray<Row>;
}

/** What a stage has measured. */
export interface Outcome {
  readonly tables: ReadonlyArray<Table>;
  /** Said below the tables. */
  readonly lines: ReadonlyArray<string>;
  /** For `--json`; the rows where there is nothing more to say. */
  readonly details: unknown;
}

export const ofRows = (rows: ReadonlyArray<Row>): Outcome => ({
  tables: [{ rows }],
  lines: [],
  details: rows,
});
