import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openVisitorKeys } from "./visitor.ts";
import { dayMs, openVisitorSecrets } from "./visitor-secrets.ts";

const root = mkdtempSync(join(tmpdir(), "footfall-secrets-"));
afterAll(() => rmSync(root, { recursive: true }));

let count = 0;
const place = () => join(root, `data-${count++}`);
const textOf = (directory: string) =>
  readdirSync(directory)
    .map((name) => readFileSync(join(directory, name), "latin1"))
    .join("\n");

const midnight = Date.parse("2026-03-10T00:00:00Z");
const day = midnight / dayMs;

test("a salt is overwritten in memory and gone from every file 48 hours after its day began, and not before", () => {
  const directory = place();
  const secrets = openVisitorSecrets(directory, midnight);
  const salt = secrets.salt(day, midnight);
  const hex = salt.toHex();
  expect(hex).not.toBe("0".repeat(64));
  secrets.prune(midnight + 2 * dayMs - 1);
  expect([salt.toHex(), textOf(directory).includes(hex)]).toEqual([hex, true]);
  secrets.prune(midnight + 2 * dayMs);
  expect([salt.toHex(), textOf(directory).includes(hex)]).toEqual(["0".repeat(64), false]);
  expect(secrets.salt(day, midnight + 2 * dayMs).toHex()).not.toBe(hex);
});

test("a salt that could not be written is in memory alone, and is overwritten there on time", () => {
  const directory = place();
  const secrets = openVisitorSecrets(directory, midnight);
  rmSync(directory, { recursive: true });
  const salt = secrets.salt(day, midnight);
  expect(secrets.problem()).toBeDefined();
  secrets.prune(midnight + 2 * dayMs);
  expect(salt.every((byte) => byte === 0)).toBe(true);
});

test("a look at the clock destroys what is due when no visitor comes, and within a day forgets nobody", () => {
  const directory = place();
  const clock = { time: midnight };
  const keys = openVisitorKeys(directory, () => clock.time);
  const visitor = () => keys.cookielessVisitor("p", "example.org", "203.0.113.9", "agent");
  const first = visitor();
  const hex = /"2026-03-10":"(\w+)"/.exec(textOf(directory))?.[1] ?? "";
  expect(hex).toHaveLength(64);
  for (let minute = 1; minute < 2 * 24 * 60; minute++) {
    clock.time += 60_000;
    keys.prune();
    if (minute === 60) expect(visitor()).toBe(first);
  }
  expect(textOf(directory)).toContain(hex);
  clock.time += 60_000;
  keys.prune();
  expect(textOf(directory)).not.toContain(hex);
});
