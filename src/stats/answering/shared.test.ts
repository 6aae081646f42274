import { expect, test } from "bun:test";
import { Deferred, Effect, Fiber } from "effect";
import { makeShared } from "./shared.ts";

const counted = () => {
  let runs = 0;
  let ended = 0;
  const gate = Effect.runSync(Deferred.make<string, string>());
  const work = Effect.suspend(() => {
    runs += 1;
    return Effect.ensuring(
      Deferred.await(gate),
      Effect.sync(() => {
        ended += 1;
      }),
    );
  });
  return { work, gate, runs: () => runs, ended: () => ended };
};

const turn = Effect.sleep("5 millis");

test("who asks the same at the same time gets the one answer", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const shared = makeShared<string, string>();
      const { work, gate, runs } = counted();
      const asking = yield* Effect.forkAll(Array.from({ length: 20 }, () => shared("a", work)));
      yield* turn;
      yield* Deferred.succeed(gate, "answer");
      expect(yield* Fiber.join(asking)).toEqual(Array.from({ length: 20 }, () => "answer"));
      expect(runs()).toBe(1);
      yield* shared("a", work);
      expect(runs()).toBe(2);
    }),
  ));

test("other questions run for themselves, and a failure is everybody's and nobody's afterwards", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const shared = makeShared<string, string>();
      const { work, gate, runs } = counted();
      const asking = yield* Effect.fork(
        Effect.all([shared("a", work), shared("b", work), shared("a", work)].map(Effect.either), {
          concurrency: "unbounded",
        }),
      );
      yield* turn;
      yield* Deferred.fail(gate, "no");
      const answers = yield* Fiber.join(asking);
      expect(answers.map((answer) => answer._tag)).toEqual(["Left", "Left", "Left"]);
      expect(runs()).toBe(2);
      expect(yield* shared("a", Effect.succeed("yes"))).toBe("yes");
    }),
  ));

test("one who goes away ends nothing for the others; the last one ends it", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const shared = makeShared<string, string>();
      const { work, gate, runs, ended } = counted();
      const first = yield* Effect.fork(shared("a", work));
      yield* turn;
      const second = yield* Effect.fork(shared("a", work));
      yield* turn;
      yield* Fiber.interrupt(first);
      expect(ended()).toBe(0);
      yield* Fiber.interrupt(second);
      yield* turn;
      expect(ended()).toBe(1);
      const third = yield* Effect.fork(shared("a", work));
      yield* turn;
      expect(runs()).toBe(2);
      yield* Deferred.succeed(gate, "answer");
      expect(yield* Fiber.join(third)).toBe("answer");
    }),
  ));
