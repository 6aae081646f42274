import { describe, expect, test } from "bun:test";
import { Arrivals } from "./arrivals.ts";

const body = (text: string) => Buffer.from(text);

/** Reads of a body that holds so many bytes: one that ends as it is told, and one that never does. */
const reading = (bytes: number, end: Promise<Uint8Array>) => (added: (bytes: number) => void) => {
  added(bytes);
  return end;
};
const never = (bytes: number) => reading(bytes, new Promise(() => {}));

/** What has become of each by now; undefined for one that is still waited for. */
const outcomes = (waits: ReadonlyArray<Promise<Uint8Array | Error>>) =>
  waits.map((wait) => {
    const outcome = Bun.peek(wait);
    if (outcome === wait) return undefined;
    return outcome instanceof Error ? outcome.name : String(outcome);
  });

describe("a body on its way", () => {
  test("that comes in time is handed over, and no longer counted", async () => {
    const arrivals = new Arrivals({ deadlineMs: 10_000, maxBytes: 100 });
    const wait = arrivals.wait(reading(5, Promise.resolve(body("hello"))));
    expect(arrivals.underWay).toEqual({ count: 1, bytes: 5 });
    expect(await wait).toEqual(body("hello"));
    expect(arrivals.underWay).toEqual({ count: 0, bytes: 0 });
  });

  test("that breaks off is no longer counted", async () => {
    const arrivals = new Arrivals({ deadlineMs: 10_000, maxBytes: 100 });
    await expect(arrivals.wait(reading(5, Promise.reject(new Error("gone"))))).rejects.toThrow("gone");
    expect(arrivals.underWay).toEqual({ count: 0, bytes: 0 });
  });

  test("is given up at its own deadline, whoever came before", async () => {
    const arrivals = new Arrivals({ deadlineMs: 300, maxBytes: 100 });
    const startedAt = performance.now();
    const first = arrivals.wait(never(5));
    await Bun.sleep(150);
    const second = arrivals.wait(never(5));
    expect(await first).toMatchObject({ _tag: "RequestTimeout", limitSeconds: 0.3 });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(299);
    expect(outcomes([second])).toEqual([undefined]);
    expect(await second).toMatchObject({ _tag: "RequestTimeout" });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(449);
    expect(arrivals.underWay).toEqual({ count: 0, bytes: 0 });
    // The next one is watched again.
    expect(await arrivals.wait(never(5))).toMatchObject({ _tag: "RequestTimeout" });
  });

  test("makes room for a new one when it has taken longest", async () => {
    const arrivals = new Arrivals({ deadlineMs: 10_000, maxBytes: 100 });
    const waits = [40, 40, 20].map((bytes) => arrivals.wait(never(bytes)));
    expect(outcomes(waits)).toEqual([undefined, undefined, undefined]);
    waits.push(arrivals.wait(never(50)));
    expect(outcomes(waits)).toEqual(["IntakeFull", "IntakeFull", undefined, undefined]);
    expect(arrivals.underWay).toEqual({ count: 2, bytes: 70 });
    // One alone is taken whatever it holds; its own limit is for others to check.
    waits.push(arrivals.wait(never(500)));
    expect(outcomes(waits)).toEqual(["IntakeFull", "IntakeFull", "IntakeFull", "IntakeFull", undefined]);
    expect(await waits[0]).toMatchObject({ retryAfterSeconds: 2 });
  });

  test("makes room for others also when it grows itself, and is then no longer counted", async () => {
    const arrivals = new Arrivals({ deadlineMs: 10_000, maxBytes: 100 });
    const grow: Array<(bytes: number) => void> = [];
    const waits = Array.from({ length: 3 }, () =>
      arrivals.wait((added) => {
        grow.push(added);
        return new Promise(() => {});
      }),
    );
    for (const added of grow) added(33);
    expect(outcomes(waits)).toEqual([undefined, undefined, undefined]);
    grow[0]?.(2);
    expect(outcomes(waits)).toEqual(["IntakeFull", undefined, undefined]);
    grow[0]?.(1000);
    expect(arrivals.underWay).toEqual({ count: 2, bytes: 66 });
  });
});
