import { expect, test } from "bun:test";
import { fileName } from "./file-name.ts";
import type { ExportQuery } from "./query.ts";

test.each([
  ["default", "default"],
  ["a project: über", "a-project-ber"],
  ['"; rm -rf /', "rm--rf"],
  ["../../etc/passwd", "etc-passwd"],
  ["日本", "project"],
])("the name of a file has nothing of %p that means something to shells or headers", (project, name) => {
  const range = { fromMs: Date.parse("2026-11-01"), toMs: Date.parse("2026-11-11"), zone: "UTC" };
  expect(fileName({ project, range, format: "csv" } as ExportQuery)).toBe(
    `footfall-${name}-2026-11-01-2026-11-10.csv`,
  );
});
