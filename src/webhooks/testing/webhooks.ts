import { Effect, Layer, Redacted } from "effect";
import { Spool, type SpoolShape } from "../../spool/spool.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { timeText } from "../../store/time-text.ts";
import type { Webhook } from "../webhook.ts";

export const HOUR_MS = 3_600_000;

/** The end of the last whole hour when the tests began. */
export const HOUR_END_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;

/** Late enough that this hour is looked at. */
export const LOOK_MS = HOUR_END_MS + 150_000;

export const SECRET = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;

let webhooks = 0;

export const webhookAt = (url: string, overrides: Partial<Webhook> = {}): Webhook => {
  webhooks += 1;
  return {
    id: `WEBHOOK${webhooks}`,
    project: "default",
    url,
    events: ["anomaly"],
    sites: [],
    metrics: ["events"],
    zone: "UTC",
    threshold: 5,
    secret: Redacted.make(SECRET),
    state: "active",
    createdAtMs: LOOK_MS - HOUR_MS,
    ...overrides,
  };
};

/** Forty page views, or other events, of forty visitors in each hour of nine weeks up to `untilMs`. */
export const storeHours = (project: string, untilMs: number, type = "page_view") =>
  Effect.flatMap(ClickHouse, (clickhouse) =>
    clickhouse.command(
      `INSERT INTO landing (project_id, site_id, event_type, occurred_at, visitor_id)
       SELECT {project:String}, 'a.example', {type:String},
              {until:DateTime64(3, 'UTC')} - toIntervalHour(1 + intDiv(number, 40)) + toIntervalSecond(number % 40 * 60),
              number % 40 FROM numbers(${40 * 24 * 64})`,
      { project, type, until: timeText(untilMs) },
    ),
  );

/** A spool in which nothing waits, unless `state` is changed. */
export const idleSpool = () => {
  const state = { waiting: 0, oldestSeconds: 0 };
  const spool = {
    state: () => ({
      ...state,
      committing: 0,
      bytes: 0,
      maxBytes: 1,
      problem: undefined,
      damages: [],
    }),
  } satisfies Partial<SpoolShape>;
  return { state, layer: Layer.succeed(Spool, spool as never) };
};
