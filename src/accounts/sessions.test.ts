import { expect } from "bun:test";
import { Clock, Effect, Layer } from "effect";
import { testClickHouse } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { testSettings } from "../testing/settings.ts";
import { layerPasswords } from "./passwords/passwords.ts";
import { Accounts, layerAccounts } from "./people/accounts.ts";
import { layerSessions, Sessions } from "./people/sessions.ts";

const DAY_MS = 86_400_000;

let aheadMs = 0;
const live = Clock.make();
const clock: Clock.Clock = {
  ...live,
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  unsafeCurrentTimeMillis: () => live.unsafeCurrentTimeMillis() + aheadMs,
  unsafeCurrentTimeNanos: () => live.unsafeCurrentTimeNanos() + BigInt(aheadMs) * 1_000_000n,
  currentTimeMillis: Effect.sync(() => live.unsafeCurrentTimeMillis() + aheadMs),
  currentTimeNanos: Effect.sync(() => live.unsafeCurrentTimeNanos() + BigInt(aheadMs) * 1_000_000n),
  sleep: live.sleep,
};

const { it } = testsOn(
  layerSessions.pipe(
    Layer.provideMerge(layerAccounts),
    Layer.provideMerge(layerPasswords),
    Layer.provideMerge(testClickHouse()),
    Layer.provideMerge(testSettings()),
    Layer.provideMerge(Layer.setClock(clock)),
  ),
);

const begun = (email: string) =>
  Effect.gen(function* () {
    aheadMs = 0;
    const account = yield* (yield* Accounts).create({
      email,
      name: "Ada",
      password: "nine lives and a tail",
    });
    const sessions = yield* Sessions;
    const { token } = yield* sessions.begin(account, { isSecure: false, agent: "" });
    return { account, isGood: () => sessions.of(token, false) !== undefined };
  });

it("a session ends 30 days after its last use", () =>
  Effect.gen(function* () {
    const { isGood } = yield* begun("idle@example.org");
    aheadMs = 29 * DAY_MS;
    expect(isGood()).toBe(true);
    aheadMs += 29 * DAY_MS;
    expect(isGood()).toBe(true);
    aheadMs += 30 * DAY_MS;
    expect(isGood()).toBe(false);
  }));

it("a session ends 90 days after it began, however it is used", () =>
  Effect.gen(function* () {
    const { account, isGood } = yield* begun("busy@example.org");
    for (let day = 0; day < 90; day++) {
      aheadMs = day * DAY_MS;
      expect([day, isGood()]).toEqual([day, true]);
    }
    aheadMs = 90 * DAY_MS;
    expect(isGood()).toBe(false);
    expect((yield* Sessions).list(account.id)).toEqual([]);
  }));
