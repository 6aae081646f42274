import { Clock, Duration, Effect, Layer } from "effect";
import { AppSettings } from "../config.ts";
import { Metrics } from "../metrics/metrics.ts";
import { Projects } from "../projects/projects.ts";
import { deleteExpired } from "./delete-expired.ts";
import { expiredDays } from "./expired-days.ts";

/** A start is over by then, with what was left to store from before. */
const FIRST_AFTER = Duration.minutes(10);

const INTERVAL = Duration.hours(1);

/** Deletes what projects keep no longer, once; how many rows were ordered to go. */
export const expire = Effect.gen(function* () {
  const projects = yield* Projects;
  const settings = yield* AppSettings;
  const metrics = yield* Metrics;
  const expired = expiredDays(projects.list(), settings, yield* Clock.currentTimeMillis);
  if (expired.length === 0) return 0;
  const deleted = yield* deleteExpired(expired);
  let total = 0;
  for (const { table, rows } of deleted) {
    metrics.expired(table, rows);
    total += rows;
  }
  if (total > 0) {
    const tables = deleted.map(({ table, rows }) => `${rows} of ${table}`).join(", ");
    yield* Effect.logInfo(`Rows that are too old for their projects are being deleted: ${tables}`);
  }
  return total;
});

/** Deletes what projects keep no longer ten minutes after the start and then every hour, as long as the scope is open. */
export const layerExpiry = Layer.scopedDiscard(
  Effect.forkScoped(
    expire.pipe(
      // Neither a failure nor a bug may end it for good: what is left goes next time.
      Effect.catchAllCause((cause) =>
        Effect.logWarning("What is too old for its project could not be deleted", cause),
      ),
      Effect.zipRight(Effect.sleep(INTERVAL)),
      Effect.forever,
      Effect.delay(FIRST_AFTER),
    ),
  ),
);
