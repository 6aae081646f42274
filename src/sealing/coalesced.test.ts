import { expect, test } from "bun:test";
import { Deferred, Effect, Fiber } from "effect";
import { makeCoalesced } from "./coalesced.ts";

const soon = Effect.sleep("5 millis");

const gated = () => {
  const gates: Array<Deferred.Deferred<void, string>> = [];
  const work = Effect.suspend(() => {
    const gate = Effect.runSync(Deferred.make<void, string>());
    const run = gates.push(gate);
    return Effect.as(Deferred.await(gate), run);
  });
  return { gates, work };
};

const coalesced = <A, E>(work: Effect.Effect<A, E>) =>
  makeCoalesced(work, Effect.runSync(Effect.makeSemaphore(1)).withPermits(1));

test("who asks while it runs shares the next run, which begins when this one has ended", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const { gates, work } = gated();
      const ask = coalesced(work);
      const first = yield* Effect.fork(ask);
      yield* soon;
      const others = yield* Effect.forkAll([ask, ask, ask]);
      yield* soon;
      expect(gates.length).toBe(1);
      yield* Deferred.succeed(gates[0] as never, undefined);
      expect(yield* Fiber.join(first)).toBe(1);
      yield* soon;
      expect(gates.length).toBe(2);
      yield* Deferred.succeed(gates[1] as never, undefined);
      expect(yield* Fiber.join(others)).toEqual([2, 2, 2]);
    }),
  ));

test("a failure is that of all who shared the run; who goes away takes it from nobody", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const { gates, work } = gated();
      const ask = coalesced(work);
      const leaving = yield* Effect.fork(ask);
      yield* soon;
      const next = yield* Effect.forkAll([Effect.either(ask), Effect.either(ask)]);
      yield* soon;
      yield* Fiber.interrupt(leaving);
      yield* Deferred.succeed(gates[0] as never, undefined);
      yield* soon;
      yield* Deferred.fail(gates[1] as never, "no");
      expect((yield* Fiber.join(next)).map(({ _tag }) => _tag)).toEqual(["Left", "Left"]);
    }),
  ));
