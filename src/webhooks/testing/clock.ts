import { Clock, Duration, Effect, Layer } from "effect";

const live = Clock.make();

/** A clock that stands at `nowMs` until it is set; pauses are over 100 times sooner than on a real one. */
export const settableClock = (nowMs: number) => {
  const state = { nowMs };
  return {
    state,
    layer: Layer.setClock({
      ...live,
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => state.nowMs,
      unsafeCurrentTimeNanos: () => BigInt(state.nowMs) * 1_000_000n,
      currentTimeMillis: Effect.sync(() => state.nowMs),
      currentTimeNanos: Effect.sync(() => BigInt(state.nowMs) * 1_000_000n),
      sleep: (duration) => live.sleep(Duration.unsafeDivide(duration, 100)),
    }),
  };
};
