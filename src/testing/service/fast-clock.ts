import { Clock, Duration, Layer } from "effect";

const live = Clock.make();

/** A clock on which every pause is over `times` sooner, so that a test need not wait for a deadline of a minute. */
export const fastClock = (times: number) =>
  Layer.setClock({
    ...live,
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => live.unsafeCurrentTimeMillis(),
    unsafeCurrentTimeNanos: () => live.unsafeCurrentTimeNanos(),
    currentTimeMillis: live.currentTimeMillis,
    currentTimeNanos: live.currentTimeNanos,
    sleep: (duration) => live.sleep(Duration.unsafeDivide(duration, times)),
  });
