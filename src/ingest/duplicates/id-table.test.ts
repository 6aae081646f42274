import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { IdHash } from "./id-hash.ts";
import { RecentIds, TABLES } from "./recent-ids.ts";
import { hashesOf } from "./testing/hashes.ts";

setDefaultTimeout(30_000);

const HOUR = 3_600_000;
const BYTES_PER_ID = 16;
const OVERHEAD = 16_384;

const opened = (key?: string) => {
  const clock = { time: Date.parse("2026-11-21T12:34:56Z") };
  return { clock, ids: new RecentIds(() => clock.time, key) };
};

const tidyAll = (ids: RecentIds) => {
  for (let n = 0; n < TABLES; n++) ids.tidy();
};

/** What a runtime needs for the objects themselves. */
const SLACK = 256_000;

describe("memory", () => {
  test("is at most 16 bytes an id at every size, just after growth and after expiry", () => {
    const { clock, ids } = opened();
    const nextHash = hashesOf(7);
    let bytes = ids.bytes;
    let growths = 0;
    for (const size of [1_000, 10_000, 100_000, 600_000, 2_000_000]) {
      for (let n = ids.size; n < size; n++) {
        ids.addHash(...nextHash());
        // More often than tables grow, at the sizes where an id more or less matters.
        if (n > 20_000 && n % 997 !== 0) continue;
        if (ids.bytes > bytes) growths++;
        bytes = ids.bytes;
        if (bytes > BYTES_PER_ID * ids.size + OVERHEAD) expect([n, bytes]).toEqual([n, 0]);
      }
      expect(ids.size).toBe(size);
    }
    expect(growths).toBeGreaterThan(500);

    // All but a twentieth expire.
    clock.time += 24 * HOUR;
    for (let n = 0; n < 100_000; n++) ids.addHash(...nextHash());
    clock.time += 30 * HOUR;
    tidyAll(ids);
    expect(ids.size).toBe(100_000);
    expect(ids.bytes).toBeLessThanOrEqual(BYTES_PER_ID * ids.size + OVERHEAD);
    clock.time += 100 * HOUR;
    tidyAll(ids);
    expect([ids.size, ids.bytes <= OVERHEAD]).toEqual([0, true]);
  });

  test("is what the runtime counts, too", async () => {
    // Its own process: here other tests' buffers come and go.
    const child = Bun.spawn(["bun", `${import.meta.dir}/testing/occupied-memory.ts`], {
      stdout: "pipe",
      stderr: "inherit",
    });
    const readings = (await new Response(child.stdout).json()) as Array<{
      ids: number;
      bytes: number;
    }>;
    expect(readings.map(({ ids }) => ids)).toEqual([1_000, 100_000, 2_000_000, 100_000]);
    for (const { ids, bytes } of readings) {
      expect(bytes).toBeLessThanOrEqual(BYTES_PER_ID * ids + OVERHEAD + SLACK);
    }
  });

  test("does not grow with ids that come and go", () => {
    const { clock, ids } = opened();
    const nextHash = hashesOf(11);
    // 60,000 in each 48 hours, for a month.
    for (let hour = 0; hour < 30 * 24; hour++) {
      clock.time += HOUR;
      for (let n = 0; n < 1250; n++) ids.addHash(...nextHash());
      tidyAll(ids);
      expect(ids.bytes).toBeLessThanOrEqual(BYTES_PER_ID * ids.size + OVERHEAD);
    }
    expect(ids.size).toBe(1250 * 49);
    for (let n = 0; n < 200_000; n++) {
      ids.addIfAbsent("p", `refused ${n}`);
      ids.remove("p", `refused ${n}`);
    }
    tidyAll(ids);
    expect(ids.size).toBe(1250 * 49);
    expect(ids.bytes).toBeLessThanOrEqual(BYTES_PER_ID * ids.size + OVERHEAD);
  });
});

describe("ids whose hashes are", () => {
  const edges = [0, 1, -1, 2, 63, 64, 0x7fffffff, -0x80000000, 0x1234567];

  test("zeros, ones and other edges are told apart, and expire", () => {
    const { clock, ids } = opened();
    const pairs = edges.flatMap((low) => edges.map((high) => [low, high] as const));
    for (let round = 0; round < 2; round++) {
      expect(pairs.map((pair) => ids.addHash(...pair))).toEqual(pairs.map(() => true));
      expect(pairs.map((pair) => ids.addHash(...pair))).toEqual(pairs.map(() => false));
      expect(ids.size).toBe(pairs.length);
      clock.time += 49 * HOUR;
    }
  });

  test.each([
    ["low", (n: number) => [42, n * 0x9e3779b1] as const],
    ["high", (n: number) => [n * 64, 42] as const],
    ["high, and lie in the last slots", (n: number) => [n * 64, -1] as const],
  ])("alike in their half '%s' are told apart", (_, pairOf) => {
    const { ids } = opened();
    const count = 3000;
    for (let n = 0; n < count; n++) {
      const [low, high] = pairOf(n);
      expect(ids.addHash(low | 0, high | 0)).toBe(true);
    }
    for (let n = 0; n < count; n++) {
      const [low, high] = pairOf(n);
      expect(ids.addHash(low | 0, high | 0)).toBe(false);
    }
    expect(ids.size).toBe(count);
  });

  test("made to collide in one half, by trying, are told apart", () => {
    const { ids } = opened("a key that got out");
    const hash = new IdHash(ids.key);
    const byLow = new Map<number, number>();
    const collisions: Array<readonly [string, string]> = [];
    for (let n = 0; collisions.length < 3 && n < 600_000; n++) {
      hash.of("p", `${n}`);
      const other = byLow.get(hash.low);
      if (other === undefined) byLow.set(hash.low, n);
      else collisions.push([`${other}`, `${n}`]);
    }
    expect(collisions.length).toBe(3);
    for (const [one, other] of collisions) {
      expect([ids.addIfAbsent("p", one), ids.has("p", other), ids.addIfAbsent("p", other)]).toEqual([
        true,
        false,
        true,
      ]);
      ids.remove("p", one);
      expect([ids.has("p", one), ids.has("p", other)]).toEqual([false, true]);
    }
  });
});
