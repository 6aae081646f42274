import { Clock, Effect, Layer } from "effect";

const live = Clock.make();

/**
 * A clock that reads `startMs` now and goes on from there. Data was made up to some moment; for whoever asks it by this
 * clock it is that moment, however old the data is: its last day is not over yet, and all days before are.
 */
export const clockFrom = (startMs: number) => {
  const behindMs = live.unsafeCurrentTimeMillis() - startMs;
  const millis = () => live.unsafeCurrentTimeMillis() - behindMs;
  const nanos = () => live.unsafeCurrentTimeNanos() - BigInt(behindMs) * 1_000_000n;
  return Layer.setClock({
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: millis,
    unsafeCurrentTimeNanos: nanos,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanos: Effect.sync(nanos),
    sleep: (duration) => live.sleep(duration),
  });
};
