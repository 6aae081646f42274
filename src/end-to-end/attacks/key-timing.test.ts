import { expect, test } from "bun:test";
import { Effect, Layer, Redacted } from "effect";
import { AdminKey, layerAdminKey } from "../../http/admin-key.ts";
import { testSettings } from "../../testing/settings.ts";

// So long that a comparison which ends at the first difference is told apart from one that does not.
const LENGTH = 1024 * 1024;
const ROUNDS = 41;

const key = "k".repeat(LENGTH);

const median = (numbers: ReadonlyArray<number>): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

/** How much longer a guess takes that is wrong in its last character only than one that is wrong from the first. */
const advantage = (isKey: (guess: string) => boolean): number => {
  const guesses = [`x${key.slice(1)}`, `${key.slice(1)}x`] as const;
  const times: readonly [Array<number>, Array<number>] = [[], []];
  const all: Array<boolean> = [];
  // By turns, so that whatever else the machine does slows both.
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of [0, 1] as const) {
      const startedAt = performance.now();
      all.push(isKey(guesses[side]));
      times[side].push(performance.now() - startedAt);
    }
  }
  expect(all).not.toContain(true);
  return median(times[1]) / median(times[0]);
};

test("the time that a wrong key takes does not tell how much of it is right", () => {
  const settings = testSettings({ adminApiKey: Redacted.make(key) });
  const { isAdminKey } = Effect.runSync(Effect.provide(AdminKey, Layer.provide(layerAdminKey, settings)));
  expect(isAdminKey(key)).toBe(true);
  expect(advantage(isAdminKey)).toBeWithin(0.5, 2);
});

test("which one that ends at the first difference would tell", () => {
  const endsEarly = (guess: string): boolean => {
    for (let at = 0; at < LENGTH; at++) if (guess.charCodeAt(at) !== key.charCodeAt(at)) return false;
    return true;
  };
  expect(advantage(endsEarly)).toBeGreaterThan(2);
});
