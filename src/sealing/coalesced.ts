import { Deferred, Effect } from "effect";

/**
 * Runs an effect for all who wait for it at once: whoever asks gets a run that begins after they asked, which those share
 * who asked before it began. `turn` keeps runs apart, from each other and from whatever else takes it.
 */
export const makeCoalesced = <A, E>(
  effect: Effect.Effect<A, E>,
  turn: <B, F>(effect: Effect.Effect<B, F>) => Effect.Effect<B, F>,
): Effect.Effect<A, E> => {
  let next: Deferred.Deferred<A, E> | undefined;
  return Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const shared = next ?? (yield* Deferred.make<A, E>());
      if (shared !== next) {
        next = shared;
        const begun = Effect.suspend(() => {
          next = undefined;
          return effect;
        });
        // On its own, so that nobody who goes away takes it from the others.
        yield* Effect.forkDaemon(Deferred.complete(shared, Effect.interruptible(turn(begun))));
      }
      return yield* restore(Deferred.await(shared));
    }),
  );
};
