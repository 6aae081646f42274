import { Effect, Fiber } from "effect";

/**
 * Runs an effect once for all who ask for the same at the same time. It goes on while somebody waits for it: who goes away
 * ends nothing for the others, and the last one to go ends it.
 */
export const makeShared = <A, E>() => {
  const running = new Map<string, { readonly fiber: Fiber.RuntimeFiber<A, E>; waiting: number }>();
  return <R>(key: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        let run = running.get(key);
        if (run === undefined) {
          run = { fiber: yield* Effect.forkDaemon(Effect.interruptible(effect)), waiting: 0 };
          running.set(key, run);
        }
        const own = run;
        own.waiting += 1;
        const leave = Effect.suspend(() => {
          own.waiting -= 1;
          if (own.waiting > 0) return Effect.void;
          if (running.get(key) === own) running.delete(key);
          return Fiber.interruptFork(own.fiber);
        });
        // Whoever comes after the end asks anew, also while the last ones are still being told.
        own.fiber.addObserver(() => {
          if (running.get(key) === own) running.delete(key);
        });
        return yield* Effect.ensuring(restore(Fiber.join(own.fiber)), leave);
      }),
    );
};
