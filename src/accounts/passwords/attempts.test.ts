import { describe, expect, test } from "bun:test";
import { makeAttempts } from "./attempts.ts";

const HOUR_MS = 3_600_000;

/** Attempts on a clock that stands until it is moved. */
const attemptsAt = (start = 1_000_000) => {
  let nowMs = start;
  const attempts = makeAttempts(() => nowMs);
  return {
    attempts,
    pass: (ms: number) => {
      nowMs += ms;
    },
    take: (subject = "ada", address = "192.0.2.1") => attempts.take(subject, address),
  };
};

describe("an account from one address", () => {
  test("has ten attempts at once, then one every six seconds, and waits exactly so long", () => {
    const { take, pass } = attemptsAt();
    for (let n = 0; n < 10; n++) expect(take()).toBe(0);
    expect(take()).toBe(6000);
    pass(5999);
    expect(take()).toBe(1);
    pass(1);
    expect(take()).toBe(0);
    expect(take()).toBe(6000);
  });

  test("has fifty in an hour, however they are spread, and what comes back in it", () => {
    const { take, pass } = attemptsAt();
    let taken = 0;
    let waited = 0;
    for (let ms = 0; ms < HOUR_MS; ms += 6000) {
      const wait = take();
      if (wait === 0) taken += 1;
      else waited = Math.max(waited, wait);
      pass(6000);
    }
    // Fifty at once, and while they are tried one every 72 seconds.
    expect(taken).toBe(99);
    expect(waited).toBeLessThanOrEqual(72_000);
  });

  test("is forgiven what was mistyped after the right password, but not its address", () => {
    const { attempts, take } = attemptsAt();
    for (let n = 0; n < 10; n++) take();
    expect(take()).toBeGreaterThan(0);
    attempts.forgive("ada", "192.0.2.1");
    for (let n = 0; n < 9; n++) {
      for (let m = 0; m < 10; m++) expect(take()).toBe(0);
      attempts.forgive("ada", "192.0.2.1");
    }
    expect(take()).toBe(36_000);
  });
});

describe("an address", () => {
  test("has a hundred an hour on whatever accounts", () => {
    const { take, pass } = attemptsAt();
    for (let n = 0; n < 100; n++) expect(take(`account ${n}`)).toBe(0);
    expect(take("another")).toBe(36_000);
    pass(36_000);
    expect(take("another")).toBe(0);
  });

  test("does not use up what another has", () => {
    const { take } = attemptsAt();
    for (let n = 0; n < 11; n++) take("ada", "192.0.2.1");
    expect(take("ada", "192.0.2.1")).toBeGreaterThan(0);
    expect(take("ada", "192.0.2.2")).toBe(0);
  });

  test("of version 6 is its network of /64", () => {
    const { take } = attemptsAt();
    for (let n = 0; n < 10; n++) expect(take("ada", `2001:db8::${n + 1}`)).toBe(0);
    expect(take("ada", "2001:db8::ffff")).toBe(6000);
    expect(take("ada", "2001:db8:0:1::1")).toBe(0);
  });
});

test("what is refused costs nothing", () => {
  const { take, pass } = attemptsAt();
  for (let n = 0; n < 10; n++) take();
  for (let n = 0; n < 1000; n++) take();
  pass(6000);
  expect(take()).toBe(0);
});

test("memory has a bound, however many accounts and addresses are made up", () => {
  const { attempts, take } = attemptsAt();
  for (let n = 0; n < 80_000; n++) take(`account ${n}`, `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
  expect(attempts.size()).toBeLessThanOrEqual(131_072);
});
