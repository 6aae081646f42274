import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BoundedCache } from "./bounded-cache.ts";

describe("bounded cache", () => {
  test("never holds more than its limit and never answers a wrong value", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 20 }),
        fc.array(fc.nat(60), { maxLength: 400 }),
        (limit, keys) => {
          const cache = new BoundedCache<number>(limit);
          for (const key of keys) {
            const found = cache.get(`k${key}`);
            if (found !== undefined) expect(found).toBe(key);
            else cache.set(`k${key}`, key);
            expect(cache.get(`k${key}`)).toBe(key);
            expect(cache.size).toBeLessThanOrEqual(limit);
          }
        },
      ),
    );
  });

  test("keeps what is asked for between the insertions of strangers", () => {
    const cache = new BoundedCache<number>(100);
    cache.set("regular", 7);
    for (let i = 0; i < 10_000; i++) {
      cache.set(`stranger-${i}`, i);
      if (i % 40 === 0) expect(cache.get("regular")).toBe(7);
    }
  });

  test("does not keep keys above the length limit", () => {
    const cache = new BoundedCache<number>(10, 8);
    cache.set("123456789", 1);
    cache.set("12345678", 2);
    expect(cache.get("123456789")).toBeUndefined();
    expect(cache.get("12345678")).toBe(2);
    expect(cache.size).toBe(1);
  });

  test("keeps falsy values, and forgets everything on clear", () => {
    const cache = new BoundedCache<string | boolean | number>(10);
    cache.set("a", "");
    cache.set("b", false);
    cache.set("c", 0);
    expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual(["", false, 0]);
    cache.clear();
    expect(cache.size).toBe(0);
    expect(cache.get("a")).toBeUndefined();
  });
});
