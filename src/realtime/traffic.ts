import { Clock, Context, Effect, Layer } from "effect";
import { RecentTraffic } from "./recent-traffic.ts";

/** What happens now; fed by the ingestion. */
export class Traffic extends Context.Tag("footfall/Traffic")<Traffic, RecentTraffic>() {}

const TIDY_INTERVAL = "5 seconds";

export const layerTraffic = Layer.scoped(
  Traffic,
  Effect.gen(function* () {
    const clock = yield* Clock.clockWith(Effect.succeed);
    const traffic = new RecentTraffic(() => clock.unsafeCurrentTimeMillis());
    yield* Effect.forkScoped(
      Effect.forever(
        Effect.delay(
          Effect.sync(() => traffic.tidy()),
          TIDY_INTERVAL,
        ),
      ),
    );
    return traffic;
  }),
);
