import { createHash } from "node:crypto";
import { Clock, Duration, Effect, Layer } from "effect";
import { Spool } from "../spool/spool.ts";
import { type HourAnomalies, type HourFinding, hourAnomaliesAt } from "../stats/anomalies/anomalies.ts";
import { comparedTimes } from "../stats/anomalies/windows.ts";
import { defaultGoal } from "../stats/parameters/query.ts";
import { makeDeliver } from "./deliver.ts";
import { type Delivery, knownDeliveries, putDeliveries } from "./delivery.ts";
import { activeWebhooks, type Webhook } from "./webhook.ts";

/** So long after its end an hour is looked at: its last events are stored by then. */
const GRACE_MS = 2 * 60_000;

const INTERVAL = Duration.minutes(1);

/** An hour that cannot be asked about is not asked about for ever. */
const MAXIMUM_TRIES = 3;

/** The hour that each webhook was looked at for last. Lost with the process, which then looks at the last hour once more. */
type Looks = Map<string, { readonly hourMs: number; readonly triesLeft: number }>;

/** The same for the same webhook, metric and hour, whenever and wherever it is made. */
const deliveryId = (webhook: Webhook, metric: string, hour: string): string =>
  `msg_${createHash("sha256").update(`${webhook.id} ${metric} ${hour}`).digest("hex").slice(0, 32)}`;

const payloadOf = (
  webhook: Webhook,
  { hour, threshold }: HourAnomalies,
  finding: HourFinding,
  nowMs: number,
): string =>
  JSON.stringify({
    type: "anomaly",
    timestamp: new Date(nowMs).toISOString(),
    data: {
      webhook_id: webhook.id,
      project: webhook.project,
      site_id: webhook.sites,
      metric: finding.metric,
      timeRange: hour,
      threshold,
      value: finding.value,
      expected: finding.expected,
      lower: finding.lower,
      upper: finding.upper,
      score: finding.score,
      direction: finding.direction,
    },
  });

/** Puts down for delivery what was found and was not put down before. */
const putDown = (webhooks: ReadonlyArray<Webhook>, anomalies: HourAnomalies, nowMs: number) =>
  Effect.gen(function* () {
    const deliveries = webhooks.flatMap((webhook) =>
      anomalies.data
        .filter(({ anomalous }) => anomalous)
        .map((found): Delivery => {
          // In UTC, so that a change of the zone's rules makes no other id.
          const hour = new Date(anomalies.hour.from).toISOString();
          return {
            webhookId: webhook.id,
            id: deliveryId(webhook, found.metric, hour),
            payload: payloadOf(webhook, anomalies, found, nowMs),
            state: "pending",
            attempts: 0,
            status: 0,
            error: "",
            createdMs: nowMs,
            attemptedMs: 0,
            nextAttemptMs: nowMs,
          };
        }),
    );
    const known = yield* knownDeliveries(deliveries.map(({ id }) => id));
    yield* putDeliveries(deliveries.filter(({ id }) => !known.has(id)));
  });

/** Webhooks that ask the same question, which is asked once. */
const alike = ({ project, sites, metrics, zone, threshold }: Webhook): string =>
  JSON.stringify([project, sites, metrics, zone, threshold]);

/** Looks at the last whole hour of every webhook, unless it was looked at before. */
const lookAtHours = (looks: Looks) =>
  Effect.gen(function* () {
    const webhooks = yield* activeWebhooks;
    const known = new Set(webhooks.map(({ id }) => id));
    for (const id of looks.keys()) if (!known.has(id)) looks.delete(id);
    const nowMs = yield* Clock.currentTimeMillis;
    const spool = (yield* Spool).state();
    const storedUntilMs = spool.waiting === 0 ? nowMs : nowMs - spool.oldestSeconds * 1000;
    for (const group of Map.groupBy(webhooks, alike).values()) {
      const [first] = group;
      if (first === undefined) continue;
      const { startMs, endMs } = comparedTimes(nowMs - GRACE_MS, first.zone).hour.window;
      // What waits to be stored (ClickHouse was away, or is behind) would look like silence.
      if (storedUntilMs < endMs) continue;
      const triesLeft = (id: string) => {
        const look = looks.get(id);
        return look?.hourMs === startMs ? look.triesLeft : MAXIMUM_TRIES;
      };
      const due = group.filter(({ id }) => triesLeft(id) > 0);
      if (due.length === 0) continue;
      const looked = (left: (id: string) => number) =>
        Effect.sync(() => {
          for (const { id } of due) looks.set(id, { hourMs: startMs, triesLeft: left(id) });
        });
      yield* hourAnomaliesAt(nowMs - GRACE_MS, { ...first, goal: defaultGoal }).pipe(
        Effect.flatMap((anomalies) => putDown(due, anomalies, nowMs)),
        Effect.tap(looked(() => 0)),
        // One project's trouble is not another's.
        Effect.tapErrorCause(() => looked((id) => triesLeft(id) - 1)),
        Effect.catchAllCause((cause) =>
          Effect.logWarning(`The last hour of project ${first.project} could not be looked at`, cause),
        ),
      );
    }
  });

/** A watch that has looked at nothing yet. Each run is one turn: what is found is put down, and what is due is delivered. */
export const makeWatch = () => {
  const looks: Looks = new Map();
  const deliver = makeDeliver();
  return Effect.zipRight(lookAtHours(looks), deliver).pipe(
    // Neither a failure nor a bug in one turn may end the watch for good, and certainly not the service.
    Effect.catchAllCause((cause) => Effect.logWarning("The webhooks could not be served", cause)),
  );
};

/**
 * Tells webhooks of anomalies, as long as the scope is open: two minutes after an hour is over it is looked at, once per webhook
 * and metric, also across restarts. Hours that were over while the service was away are not, except the last.
 */
export const layerAnomalyWatch = Layer.scopedDiscard(
  Effect.forkScoped(
    Effect.suspend(() => {
      const turn = makeWatch();
      return Effect.forever(Effect.zipRight(Effect.sleep(INTERVAL), turn));
    }),
  ),
);
