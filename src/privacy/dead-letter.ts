import { eventColumns } from "../store/event-row.ts";
import { isOf, type Subject } from "./subject.ts";

type Column = (typeof eventColumns)[number];

/** Whether a dead letter, an encoded row, is the subject's and was received before an instant (epoch ms). */
export const isLetterOf = (row: string, subject: Subject, beforeMs: number): boolean => {
  const values = JSON.parse(row) as ReadonlyArray<unknown>;
  const text = (name: Column) => String(values[eventColumns.indexOf(name)]);
  return (
    Number(text("received_at")) <= beforeMs &&
    isOf(subject, {
      project_id: text("project_id"),
      user_id: text("user_id"),
      visitor_id: text("visitor_id"),
      session_id: text("session_id"),
    })
  );
};
