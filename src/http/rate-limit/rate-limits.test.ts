import { describe, expect, test } from "bun:test";
import { RateLimited } from "../../domain/errors.ts";
import { makeMetrics } from "../../metrics/metrics.ts";
import { makeRateLimits } from "./rate-limits.ts";

const open = (rateLimitPerMinute: number, rateLimitEventsPerMinute: number) => {
  let now = 0;
  const refused: Array<string> = [];
  const limits = makeRateLimits(
    { rateLimitPerMinute, rateLimitEventsPerMinute },
    { refused: (tag) => void refused.push(tag) },
    { clock: () => now },
  );
  return {
    limits,
    refused,
    wait: (ms: number) => {
      now += ms;
    },
    take: (events: number, address = "203.0.113.9", key = "a") => limits.of(key, address).take(events),
  };
};

const times = (count: number, what: () => RateLimited | undefined) => {
  let last: RateLimited | undefined;
  for (let i = 0; i < count; i++) last = what();
  return last;
};

describe("requests", () => {
  test("pass up to the minute's allowance; the next is refused with the second in which it passes", () => {
    const { take, wait } = open(20, 0);
    expect(times(20, () => take(1))).toBeUndefined();
    expect(take(1)).toEqual(new RateLimited({ limit: "requests", perMinute: 20, retryAfterSeconds: 3 }));
    wait(1000.5);
    expect(take(1)?.retryAfterSeconds).toBe(2);
    wait(1999.4);
    // One tenth of a millisecond is missing.
    expect(take(1)?.retryAfterSeconds).toBe(1);
    wait(0.1);
    expect([take(1), take(1)?.retryAfterSeconds]).toEqual([undefined, 3]);
  });

  test("are counted apart by key and by address, and not apart within a /64 network", () => {
    const { take } = open(1, 0);
    expect(take(1, "203.0.113.9", "a")).toBeUndefined();
    expect(take(1, "203.0.113.9", "b")).toBeUndefined();
    expect(take(1, "203.0.113.10", "a")).toBeUndefined();
    expect(take(1, "2001:db8::1", "a")).toBeUndefined();
    expect(take(1, "2001:db8:0:1::1", "a")).toBeUndefined();
    expect(take(1, "203.0.113.9", "a")).toBeInstanceOf(RateLimited);
    expect(take(1, "2001:db8::f00:1", "a")).toBeInstanceOf(RateLimited);
  });

  test("that are refused cost nothing: who keeps asking passes at the same moment", () => {
    const { take, wait } = open(60, 0);
    times(60, () => take(1));
    for (let i = 0; i < 999; i++) {
      wait(1);
      expect(take(1)).toBeInstanceOf(RateLimited);
    }
    wait(1);
    expect(take(1)).toBeUndefined();
  });

  test("can be asked about without being counted", () => {
    const { limits, take } = open(1, 0);
    const allowance = limits.of("a", "203.0.113.9");
    expect([allowance.refusal(), allowance.refusal()]).toEqual([undefined, undefined]);
    expect(take(1)).toBeUndefined();
    expect(allowance.refusal()?.retryAfterSeconds).toBe(60);
  });
});

describe("a batch that is more than what is left of the events", () => {
  test("is refused as a whole, with the second in which it fits", () => {
    const { take, wait } = open(0, 600);
    expect(take(500)).toBeUndefined();
    expect(take(101)).toEqual(new RateLimited({ limit: "events", perMinute: 600, retryAfterSeconds: 1 }));
    expect(take(500)?.retryAfterSeconds).toBe(40);
    wait(39_999);
    expect(take(500)?.retryAfterSeconds).toBe(1);
    wait(1);
    expect(take(500)).toBeUndefined();
  });

  test("still counts as a request, and is told to wait until that passes too", () => {
    const { take, wait } = open(2, 600);
    expect([take(500), take(200)]).toMatchObject([undefined, { limit: "events", retryAfterSeconds: 30 }]);
    // Ten seconds would do for the events.
    wait(29_999);
    expect(take(200)?.limit).toBe("requests");
    wait(1);
    expect(take(200)).toBeUndefined();
  });

  test("is told to wait for the events too where the request alone would pass sooner", () => {
    const { take, wait } = open(60, 60);
    times(60, () => take(1));
    expect(take(30)).toMatchObject({ limit: "events", retryAfterSeconds: 30 });
    wait(30_000);
    expect(take(30)).toBeUndefined();
  });

  test("passes all the same when it is more than the whole allowance and nothing is owed", () => {
    const { take, wait } = open(0, 100);
    expect(take(500)).toBeUndefined();
    expect(take(500)?.retryAfterSeconds).toBe(300);
    wait(300_000);
    expect(take(500)).toBeUndefined();
  });
});

describe("the headers", () => {
  test("name both policies and what is left of them", () => {
    const { limits } = open(1000, 60_000);
    const allowance = limits.of("a", "203.0.113.9");
    allowance.take(500);
    expect(allowance.headers()).toEqual({
      "ratelimit-policy": '"requests";q=1000;w=60, "events";q=60000;w=60',
      ratelimit: '"requests";r=999;t=60, "events";r=59500;t=60',
    });
  });

  test("are there before anything was counted", () => {
    expect(open(1000, 0).limits.of("", "").headers()).toEqual({
      "ratelimit-policy": '"requests";q=1000;w=60',
      ratelimit: '"requests";r=1000;t=60',
    });
  });

  test("name no limit that there is not", () => {
    expect(open(0, 600).limits.of("a", "").headers()).toEqual({
      "ratelimit-policy": '"events";q=600;w=60',
      ratelimit: '"events";r=600;t=60',
    });
    expect(open(0, 0).limits.of("a", "").headers()).toEqual({});
  });

  test("say when there is something again, and never a time after that of Retry-After", () => {
    const { limits, take, wait } = open(60, 600);
    times(59, () => take(5));
    const allowance = limits.of("a", "203.0.113.9");
    expect(allowance.take(400)?.retryAfterSeconds).toBe(10);
    expect(allowance.headers().ratelimit).toBe('"requests";r=0;t=1, "events";r=305;t=10');
    wait(10_000);
    expect(allowance.take(400)).toBeUndefined();
    expect(allowance.headers().ratelimit).toBe('"requests";r=9;t=9, "events";r=5;t=1');
  });
});

test("without limits everything passes, and no memory is taken", () => {
  const { limits, take } = open(0, 0);
  expect(times(100_000, () => take(500))).toBeUndefined();
  expect(limits.bytes).toBe(0);
});

test("a clock that is set back by a day keeps nobody waiting, and gives nobody more", () => {
  const { take, wait } = open(60, 0);
  times(60, () => take(1));
  wait(-86_400_000);
  expect(take(1)?.retryAfterSeconds).toBe(1);
  wait(999);
  expect(take(1)?.retryAfterSeconds).toBe(1);
  wait(1);
  expect([take(1), take(1)?.retryAfterSeconds]).toEqual([undefined, 1]);
});

test("every refusal is counted, also one before the body is read", async () => {
  const { limits, refused, take } = open(1, 600);
  take(1);
  take(1);
  limits.of("a", "203.0.113.9").refusal();
  expect(refused).toEqual(["RateLimited", "RateLimited"]);

  const metrics = makeMetrics();
  const counted = makeRateLimits({ rateLimitPerMinute: 0, rateLimitEventsPerMinute: 1 }, metrics);
  times(3, () => counted.of("a", "").take(1));
  const levels = { queueEvents: 0, spoolEvents: 0, spoolBytes: 0, spoolMaxBytes: 0, spoolOldestSeconds: 0 };
  const others = { deadLetters: 0, duplicateIds: 0, duplicateIdsBytes: 0, openDays: 0, sealedDays: 0 };
  const { text } = await metrics.expose({ ...levels, ...others });
  expect(text).toContain('footfall_requests_refused_total{reason="rate_limited"} 2');
});

test("the process's own clock pays back what is owed", async () => {
  const limits = makeRateLimits(
    { rateLimitPerMinute: 6000, rateLimitEventsPerMinute: 0 },
    { refused: () => {} },
  );
  const take = () => limits.of("a", "203.0.113.9").take(1);
  while (take() === undefined);
  await Bun.sleep(20);
  expect(take()).toBeUndefined();
});
