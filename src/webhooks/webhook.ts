import { Effect, Redacted } from "effect";
import type { AnomaliesQuery } from "../stats/anomalies/anomalies.ts";
import type { AnomalyMetric } from "../stats/anomalies/watched.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { timeText } from "../store/time-text.ts";

/** What a webhook can be told of. */
export const webhookEvents = ["anomaly"] as const;
export type WebhookEvent = (typeof webhookEvents)[number];

/** What somebody wants to be told of, and where. Conversions are those of the default goal. */
export interface WebhookWish extends Omit<AnomaliesQuery, "goal"> {
  readonly url: string;
  readonly events: ReadonlyArray<WebhookEvent>;
}

export interface Webhook extends WebhookWish {
  readonly id: string;
  readonly secret: Redacted.Redacted;
  /** `gone`: the receiver has said that it is there no more (410), and is not told anything any more. */
  readonly state: "active" | "gone";
  readonly createdAtMs: number;
}

interface WebhookRow {
  readonly project_id: string;
  readonly webhook_id: string;
  readonly url: string;
  readonly events: ReadonlyArray<WebhookEvent>;
  readonly sites: ReadonlyArray<string>;
  readonly metrics: ReadonlyArray<AnomalyMetric>;
  readonly timezone: string;
  readonly threshold: number;
  readonly secret: string;
  readonly state: "active" | "gone";
  readonly created_ms: number;
}

const versions = { active: 0, gone: 1, deleted: 2 } as const;

const columns = [
  "project_id",
  "webhook_id",
  "url",
  "events",
  "sites",
  "metrics",
  "timezone",
  "threshold",
  "secret",
  "state",
  "created_at",
  "version",
];

const toWebhook = (row: WebhookRow): Webhook => ({
  id: row.webhook_id,
  project: row.project_id,
  url: row.url,
  events: row.events,
  sites: row.sites,
  metrics: row.metrics,
  zone: row.timezone,
  threshold: row.threshold,
  secret: Redacted.make(row.secret),
  state: row.state,
  createdAtMs: row.created_ms,
});

// As rows and not as a statement: what a statement says may be kept in the engine's logs.
const put = (webhook: Webhook, state: keyof typeof versions) =>
  Effect.flatMap(ClickHouse, (clickhouse) =>
    clickhouse.insertRows({
      table: "webhooks",
      columns,
      rows: Buffer.from(
        JSON.stringify([
          webhook.project,
          webhook.id,
          webhook.url,
          webhook.events,
          webhook.sites,
          webhook.metrics,
          webhook.zone,
          webhook.threshold,
          state === "deleted" ? "" : Redacted.value(webhook.secret),
          state,
          timeText(webhook.createdAtMs),
          versions[state],
        ]),
      ),
      token: `webhook ${webhook.id} ${state}`,
    }),
  );

const select = (condition: string, params: { readonly project?: string } = {}) =>
  Effect.flatMap(ClickHouse, (clickhouse) =>
    Effect.map(
      clickhouse.query<WebhookRow>(
        `SELECT project_id, webhook_id, url, events, sites, metrics, timezone, threshold, secret, state,
                toUnixTimestamp64Milli(created_at) AS created_ms
         FROM webhooks FINAL WHERE ${condition} ORDER BY webhook_id`,
        params,
      ),
      (rows) => rows.map(toWebhook),
    ),
  );

/** The webhooks of a project that are not deleted, oldest first. */
export const webhooksOf = (project: string) =>
  select("project_id = {project:String} AND state != 'deleted'", { project });

/** Every webhook that is to be told something. */
export const activeWebhooks = select("state = 'active'");

export const addWebhook = (webhook: Webhook) => put(webhook, "active");

/** Tells a webhook nothing any more. */
export const closeWebhook = (webhook: Webhook) => put(webhook, "gone");

/** Forgets a webhook, its secret on the disk too: at the latest some minutes after this. */
export const deleteWebhook = (webhook: Webhook) =>
  Effect.gen(function* () {
    yield* put(webhook, "deleted");
    const clickhouse = yield* ClickHouse;
    yield* clickhouse.command("OPTIMIZE TABLE webhooks FINAL");
  });
