import type { QueryParams } from "../../store/clickhouse.ts";
import { timeText } from "../../store/time-text.ts";
import type { ErasureWork } from "../erasure.ts";
import { conditionOf, paramsOf } from "../subject.ts";
import type { ProjectTable } from "../tables.ts";

export interface DeletedRows {
  readonly table: string;
  readonly condition: string;
  readonly params: QueryParams;
}

/** The rows of a table that go; undefined where none can be the subject's. */
export const rowsIn = (
  { name, personColumns }: ProjectTable,
  { subject, upToBatch }: ErasureWork,
  requestedAtMs: number,
): DeletedRows | undefined => {
  const condition = conditionOf(subject, personColumns);
  if (condition === undefined) return undefined;
  const params = paramsOf(subject);
  // What came after the request stays. A project takes nothing any more, and all of it goes.
  return name === "events" && subject.kind !== "project"
    ? {
        table: name,
        condition: `batch <= {up_to_batch:UInt64} AND received_at <= {requested:DateTime64(3, 'UTC')} AND ${condition}`,
        params: { ...params, up_to_batch: upToBatch, requested: timeText(requestedAtMs) },
      }
    : { table: name, condition, params };
};
