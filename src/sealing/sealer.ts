import { Clock, Duration, Effect, Layer } from "effect";
import { AppSettings } from "../config.ts";
import { Metrics } from "../metrics/metrics.ts";
import { Retention } from "../retention/retention.ts";
import { EventWriter } from "../writer/event-writer.ts";
import { sealDay } from "./seal-day.ts";
import { DAY_MS, HOUR_MS, SealedDays, type SiteDay } from "./sealed-days.ts";

/** A day is sealed when it has been over for so long: most of what is still on its way has come by then. */
const SETTLED_MS = HOUR_MS;

const INTERVAL = Duration.seconds(5);

/** After a failure that the next day would meet too, such as a server that is not there. */
const INTERVAL_AFTER_FAILURE = Duration.minutes(1);

/** Sealing takes at most a third of the time, so that the writer, whose session it shares, goes first. */
const REST = 2;

/** With many days to seal it looks again after so long which are open: the newest go first, also those of a new day. */
const ROUND_MS = 60_000;

/**
 * A day that late events reach again and again is not sealed again at once, and each time it waits twice as long; until
 * then questions count its events.
 */
const AGAIN_AFTER_MS = 60_000;
const AGAIN_AFTER_AT_MOST_MS = HOUR_MS;

/** A day is not sealed when its first events may expire before it is done. */
const MARGIN_MS = HOUR_MS;

interface Wait {
  readonly until: number;
  readonly ms: number;
}

const nameOf = ({ project, siteId, day }: SiteDay) => `${day}\0${project}\0${siteId}`;

/** Seals days that are over and not sealed, the newest first, until none is left or it is time to look again. */
const makeRound = Effect.gen(function* () {
  const { rawRetentionDays } = yield* AppSettings;
  const retention = yield* Retention;
  const sealed = yield* SealedDays;
  const writer = yield* EventWriter;
  const metrics = yield* Metrics;
  const waits = new Map<string, Wait>();

  const waitAgain = (name: string, now: number, least = AGAIN_AFTER_MS) => {
    const doubled = 2 * (waits.get(name)?.ms ?? 0);
    const ms = Math.min(Math.max(least, doubled), AGAIN_AFTER_AT_MOST_MS);
    waits.set(name, { until: now + ms, ms });
  };

  const seal = (day: SiteDay, now: number) =>
    Effect.gen(function* () {
      const name = nameOf(day);
      waitAgain(name, now);
      const result = yield* sealed.undisturbed(
        Effect.suspend(() => sealDay(day, writer.state().completedBatch)),
      );
      // What is under way is there in a moment; what is gone or goes on and on changes slowly, if ever.
      if (result === "arriving") waits.delete(name);
      else if (typeof result === "string") waitAgain(name, now, AGAIN_AFTER_AT_MOST_MS);
      else metrics.sealed(((yield* Clock.currentTimeMillis) - now) / 1000);
    }).pipe(
      Effect.catchIf(
        ({ failure }) => failure === "over_budget" || failure === "other",
        (error) =>
          Effect.logWarning(
            `${new Date(day.day * DAY_MS).toISOString().slice(0, 10)} of ${JSON.stringify(day.siteId)} could not be sealed: ${error.message}`,
          ),
      ),
    );

  return Effect.gen(function* () {
    const startedAt = yield* Clock.currentTimeMillis;
    yield* sealed.refresh;
    // Before that day events may be gone, or go while it is sealed. The half hour before it is looked at.
    const firstDay = Math.ceil((startedAt + MARGIN_MS - rawRetentionDays * DAY_MS) / DAY_MS);
    sealed.makeFinalBefore(firstDay);
    const firstDayOf = (project: string) => {
      const { rawFromMs, rollupsFromMs } = retention.of(project, startedAt + MARGIN_MS);
      return Math.ceil(Math.max(rawFromMs, rollupsFromMs) / DAY_MS);
    };
    for (const project of retention.projects()) sealed.makeFinalBefore(firstDayOf(project), project);
    const toDay = Math.floor((startedAt - SETTLED_MS) / DAY_MS);
    for (const [name, { until, ms }] of waits) if (startedAt > until + 2 * ms) waits.delete(name);
    for (const day of sealed.open(firstDay, toDay)) {
      if (day.day < firstDayOf(day.project)) continue;
      const now = yield* Clock.currentTimeMillis;
      if (now - startedAt > ROUND_MS) return;
      if (now < (waits.get(nameOf(day))?.until ?? 0)) continue;
      yield* seal(day, now);
      yield* Effect.sleep(Duration.millis(((yield* Clock.currentTimeMillis) - now) * REST));
    }
  });
});

/** Seals days beside everything else, as long as the scope is open. */
export const layerSealer = Layer.scopedDiscard(
  Effect.gen(function* () {
    const round = yield* makeRound;
    const guarded = round.pipe(
      Effect.as(INTERVAL),
      // Neither a failure nor a bug may end it for good; questions go on counting events.
      Effect.catchAllCause((cause) =>
        Effect.as(Effect.logWarning("Days could not be sealed", cause), INTERVAL_AFTER_FAILURE),
      ),
    );
    yield* Effect.forkScoped(Effect.forever(Effect.flatMap(guarded, Effect.sleep)));
  }),
);
