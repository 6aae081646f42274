import { dateAt } from "../../stats/calendar/zone.ts";
import { fileFormats } from "./file-format.ts";
import type { ExportQuery } from "./query.ts";

/** The name of an export: the project, the first and the last day. Nothing in it has a meaning to shells or headers. */
export const fileName = ({ project, range, format }: ExportQuery): string => {
  const name = project.replaceAll(/[^A-Za-z0-9_-]+/g, "-").replaceAll(/^-+|-+$/g, "") || "project";
  const first = dateAt(range.fromMs, range.zone);
  // A day that its zone skipped has no last instant.
  const last = dateAt(Math.max(range.fromMs, range.toMs - 1), range.zone);
  return `footfall-${name}-${first}-${last}.${fileFormats[format].extension}`;
};
