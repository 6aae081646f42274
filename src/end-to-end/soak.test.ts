import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { soak } from "../../scripts/soak/soak.ts";

const dataDir = mkdtempSync(join(tmpdir(), "footfall-soak-"));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

test("under an even load nothing but the ids of recent events grows, and everything is stored once", async () => {
  const lines: Array<string> = [];
  const report = await soak({ seconds: 18, rate: 1000, dataDir, progress: (line) => lines.push(line) });
  expect(report.sent).toBeGreaterThanOrEqual(18_000);
  expect([report.accepted, report.stored]).toEqual([report.sent, report.sent]);
  // Minutes are needed to tell whether the rest is flat: `bun run soak`.
  expect(report.end.handles).toBeLessThan(report.middle.handles + 100);
  expect(report.end.parts.get("events")).toBeGreaterThan(0);
  expect(lines.length).toBeGreaterThan(4);
}, 90_000);
