import { expect, test } from "bun:test";
import { Duration, Effect, Schedule } from "effect";
import { healing } from "./retry.ts";

test("pauses double from 0.1 s to 10 s, each a little off, and never end", async () => {
  const pauses = await Effect.runPromise(
    Schedule.run(
      Schedule.delays(healing),
      0,
      Array.from({ length: 200 }, () => undefined),
    ),
  );
  const waited = Array.from(pauses, (pause) => Duration.toMillis(pause));
  expect(waited).toHaveLength(200);
  for (const [turn, ms] of waited.entries()) {
    const middle = Math.min(100 * 2 ** turn, 10_000);
    expect(ms).toBeGreaterThanOrEqual(middle * 0.8 - 1);
    expect(ms).toBeLessThanOrEqual(middle * 1.2 + 1);
  }
  expect(new Set(waited.slice(20)).size).toBeGreaterThan(50);
});
