import { expect, test } from "bun:test";
import { buildTracker } from "./build.ts";

test("the script is at most 2 KiB with gzip -9", async () => {
  const { code, gzip, gzipBytes } = await buildTracker();
  expect(gzipBytes).toBeLessThanOrEqual(2048);
  expect(gzip.byteLength).toBe(gzipBytes);
  expect(new TextDecoder().decode(Bun.gunzipSync(gzip))).toBe(code);
});

test("the script needs no permission a strict policy would refuse", async () => {
  const { code } = await buildTracker();
  expect(code).not.toMatch(/\beval\b|new Function|innerHTML|document\.write|import\(/);
});

test("the script is built once; its tag is quoted and stays the same", async () => {
  const [first, second] = await Promise.all([buildTracker(), buildTracker()]);
  expect(first).toBe(second);
  expect(first.etag).toMatch(/^"[0-9a-z]+"$/);
});
