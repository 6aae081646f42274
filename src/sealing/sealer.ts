import { Clock, Duration, Effect, Layer } from "effect";
import { AppSettings } from "../config.ts";
import { EventWriter } from "../writer/event-writer.ts";
import { sealDay } from "./seal-day.ts";
import { DAY_MS, HOUR_MS, SealedDays, type SiteDay } from "./sealed-days.ts";

/** A day is sealed when it has been over for so long: most of what is still on its way has come by then. */
const SETTLED_MS = HOUR_MS;

const INTERVAL = Duration.seconds(5);

/** Sealing takes at most a third of the time, so that the writer, whose session it shares, goes first. */
const REST = 2;

/**
 * A day that late events reach again and again is not sealed again at once; until then questions count its events.
 */
const AGAIN_AFTER_MS = 60_000;

/** A day whose sessions go on and on is tried again when they may have ended. */
const ENDLESS_AGAIN_AFTER_MS = HOUR_MS;

const nameOf = ({ project, siteId, day }: SiteDay) => `${day}\0${project}\0${siteId}`;

/** Seals every day that is over and not sealed, the newest first; how many. */
const makeRound = Effect.gen(function* () {
  const { rawRetentionDays } = yield* AppSettings;
  const sealed = yield* SealedDays;
  const writer = yield* EventWriter;
  const notBefore = new Map<string, number>();

  return Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis;
    yield* sealed.refresh;
    // The first day may be incomplete already, and the one before it is needed to seal a day.
    const fromDay = Math.ceil((now - rawRetentionDays * DAY_MS) / DAY_MS) + 1;
    const toDay = Math.floor((now - SETTLED_MS) / DAY_MS);
    let count = 0;
    for (const day of sealed.open(fromDay, toDay)) {
      const startedAt = yield* Clock.currentTimeMillis;
      if (startedAt < (notBefore.get(nameOf(day)) ?? 0)) continue;
      notBefore.set(nameOf(day), startedAt + AGAIN_AFTER_MS);
      const seal = yield* sealDay(day, writer.state().completedBatch);
      if (seal !== undefined) sealed.put(day, seal);
      else notBefore.set(nameOf(day), startedAt + ENDLESS_AGAIN_AFTER_MS);
      count += 1;
      yield* Effect.sleep(Duration.millis(((yield* Clock.currentTimeMillis) - startedAt) * REST));
    }
    for (const [name, at] of notBefore) if (at < now) notBefore.delete(name);
    return count;
  });
});

/** Seals days beside everything else, as long as the scope is open. */
export const layerSealer = Layer.scopedDiscard(
  Effect.gen(function* () {
    const round = yield* makeRound;
    const guarded = round.pipe(
      // Neither a failure nor a bug may end it for good; questions go on counting events.
      Effect.catchAllCause((cause) => Effect.logWarning("A day could not be sealed", cause)),
    );
    yield* Effect.forkScoped(Effect.forever(Effect.zipLeft(guarded, Effect.sleep(INTERVAL))));
  }),
);
