import { Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { timeText } from "../store/time-text.ts";

/** `pending` is tried (again) at `nextAttemptMs`; the others are over. */
export type DeliveryState = "pending" | "delivered" | "failed";

/** Something that a webhook is told, and how far that has got. */
export interface Delivery {
  readonly webhookId: string;
  /** The same in every attempt, by which a receiver knows what it was told before. */
  readonly id: string;
  /** The body, as JSON. */
  readonly payload: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  /** Status of the last answer; 0 without one. */
  readonly status: number;
  /** Why the last attempt failed, for people. */
  readonly error: string;
  readonly createdMs: number;
  readonly attemptedMs: number;
  readonly nextAttemptMs: number;
}

interface DeliveryRow {
  readonly webhook_id: string;
  readonly delivery_id: string;
  readonly payload: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly status: number;
  readonly error: string;
  readonly created_ms: number;
  readonly attempted_ms: number;
  readonly next_attempt_ms: number;
}

const columns = [
  "webhook_id",
  "delivery_id",
  "payload",
  "state",
  "attempts",
  "status",
  "error",
  "created_at",
  "attempted_at",
  "next_attempt_at",
];

const selected = `webhook_id, delivery_id, payload, state, attempts, status, error,
  toUnixTimestamp64Milli(created_at) AS created_ms,
  toUnixTimestamp64Milli(attempted_at) AS attempted_ms,
  toUnixTimestamp64Milli(next_attempt_at) AS next_attempt_ms`;

const toDelivery = (row: DeliveryRow): Delivery => ({
  webhookId: row.webhook_id,
  id: row.delivery_id,
  payload: row.payload,
  state: row.state,
  attempts: row.attempts,
  status: row.status,
  error: row.error,
  createdMs: row.created_ms,
  attemptedMs: row.attempted_ms,
  nextAttemptMs: row.next_attempt_ms,
});

/** Stores deliveries, in place of what is stored of them with fewer attempts. */
export const putDeliveries = (deliveries: ReadonlyArray<Delivery>) =>
  Effect.flatMap(ClickHouse, (clickhouse) =>
    deliveries.length === 0
      ? Effect.void
      : clickhouse.insertRows({
          table: "webhook_deliveries",
          columns,
          rows: Buffer.from(
            deliveries
              .map((delivery) =>
                JSON.stringify([
                  delivery.webhookId,
                  delivery.id,
                  delivery.payload,
                  delivery.state,
                  delivery.attempts,
                  delivery.status,
                  delivery.error,
                  timeText(delivery.createdMs),
                  timeText(delivery.attemptedMs),
                  timeText(delivery.nextAttemptMs),
                ]),
              )
              .join("\n"),
          ),
          token: `deliveries ${deliveries.map(({ id, attempts }) => `${id} ${attempts}`).join(" ")}`,
        }),
  );

/** Which of these deliveries there are, in whatever state. */
export const knownDeliveries = (ids: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    if (ids.length === 0) return new Set<string>();
    const clickhouse = yield* ClickHouse;
    const rows = yield* clickhouse.query<{ delivery_id: string }>(
      "SELECT DISTINCT delivery_id FROM webhook_deliveries WHERE delivery_id IN {ids:Array(String)}",
      { ids },
    );
    return new Set(rows.map(({ delivery_id }) => delivery_id));
  });

/** At most so many deliveries are read at a time. */
const MAXIMUM_DUE = 100;

/** Deliveries to these webhooks whose next attempt is due, the longest waiting first. */
export const dueDeliveries = (webhookIds: ReadonlyArray<string>, nowMs: number) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const rows = yield* clickhouse.query<DeliveryRow>(
      `SELECT ${selected} FROM webhook_deliveries FINAL
       WHERE webhook_id IN {webhooks:Array(String)} AND state = 'pending'
         AND next_attempt_at <= {now:DateTime64(3, 'UTC')}
       ORDER BY next_attempt_at, delivery_id LIMIT ${MAXIMUM_DUE}`,
      { webhooks: webhookIds, now: timeText(nowMs) },
    );
    return rows.map(toDelivery);
  });

/** The newest delivery of each of these webhooks that has one. */
export const lastDeliveries = (webhookIds: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const rows = yield* clickhouse.query<DeliveryRow>(
      `SELECT ${selected} FROM webhook_deliveries FINAL WHERE webhook_id IN {webhooks:Array(String)}
       ORDER BY created_at DESC, delivery_id LIMIT 1 BY webhook_id`,
      { webhooks: webhookIds },
    );
    return new Map(rows.map((row) => [row.webhook_id, toDelivery(row)]));
  });
