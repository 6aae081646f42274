import { Clock, Effect, Either, Redacted } from "effect";
import { Elysia } from "elysia";
import { ulid } from "ulid";
import { type Access, type Authorize, scopedParams } from "../access/access.ts";
import { makeAdmitting } from "../access/admitting.ts";
import { recorded } from "../audit/audit-log.ts";
import type { AppSettings } from "../config.ts";
import { InvalidParameter, NotFound, TooManyWebhooks } from "../domain/errors.ts";
import { Arrivals } from "../http/arrivals.ts";
import { bodyArrivals, readBody } from "../http/body.ts";
import type { HttpFailure } from "../http/problem.ts";
import type { Run } from "../http/run.ts";
import { decodeProject } from "../stats/anomalies/parameters.ts";
import { type Decoded, onlyKnown } from "../stats/parameters/reader.ts";
import type { ClickHouse } from "../store/clickhouse.ts";
import { type Delivery, lastDeliveries } from "./delivery.ts";
import { addDocumentation, deleteDocumentation, listDocumentation } from "./documentation.ts";
import { decodeWebhook, MAXIMUM_WEBHOOKS } from "./parameters.ts";
import { makeSecret } from "./signature.ts";
import { findTarget, type WebhookTargets } from "./target.ts";
import { addWebhook, deleteWebhook, type Webhook, webhooksOf } from "./webhook.ts";

const MAXIMUM_BODY_BYTES = 64 * 1024;

const timeText = (ms: number): string => new Date(ms).toISOString();

/** A webhook as it is told, without its secret. */
const shown = (webhook: Webhook) => ({
  id: webhook.id,
  project: webhook.project,
  url: webhook.url,
  events: webhook.events,
  site_id: webhook.sites,
  timezone: webhook.zone,
  metrics: webhook.metrics,
  threshold: webhook.threshold,
  state: webhook.state,
  created_at: timeText(webhook.createdAtMs),
});

const shownDelivery = (delivery: Delivery) => ({
  id: delivery.id,
  state: delivery.state,
  attempts: delivery.attempts,
  status: delivery.status === 0 ? null : delivery.status,
  error: delivery.error === "" ? null : delivery.error,
  created_at: timeText(delivery.createdMs),
  next_attempt_at: delivery.state === "pending" ? timeText(delivery.nextAttemptMs) : null,
});

const listed = (project: string) =>
  Effect.gen(function* () {
    const webhooks = yield* webhooksOf(project);
    const last = yield* lastDeliveries(webhooks.map(({ id }) => id));
    const data = webhooks.map((webhook) => {
      const delivery = last.get(webhook.id);
      return { ...shown(webhook), last_delivery: delivery === undefined ? null : shownDelivery(delivery) };
    });
    return { data };
  });

/** The URL is looked up now too, so that a wrong one is known at once. */
const added = (access: Access, body: Uint8Array) =>
  Effect.gen(function* () {
    const { project: named, ...wanted } = yield* decodeWebhook(body);
    const wish = { ...wanted, project: yield* access.project(named) };
    if ((yield* webhooksOf(wish.project)).length >= MAXIMUM_WEBHOOKS) {
      return yield* new TooManyWebhooks({ limit: MAXIMUM_WEBHOOKS });
    }
    yield* Effect.mapError(
      findTarget(wish.url),
      ({ message }) => new InvalidParameter({ parameter: "url", message }),
    );
    const createdAtMs = yield* Clock.currentTimeMillis;
    const webhook: Webhook = {
      ...wish,
      id: ulid(createdAtMs),
      secret: makeSecret(),
      state: "active",
      createdAtMs,
    };
    yield* recorded(addWebhook(webhook), () => ({
      project: webhook.project,
      actor: access.actor,
      subject: webhook.id,
      action: "webhook.created",
      // The rest of the address may be a secret.
      details: { host: new URL(webhook.url).host },
    }));
    return { ...shown(webhook), secret: Redacted.value(webhook.secret) };
  });

const deleted = (access: Access, project: string, id: string) =>
  Effect.gen(function* () {
    const webhook = (yield* webhooksOf(project)).find((each) => each.id === id);
    if (webhook === undefined) return yield* new NotFound({ path: `/v1/webhooks/${id.slice(0, 64)}` });
    yield* recorded(deleteWebhook(webhook), () => ({
      project,
      actor: access.actor,
      subject: id,
      action: "webhook.deleted",
    }));
  });

const projectIn = (params: URLSearchParams): Decoded<string> =>
  Either.flatMap(onlyKnown(params, ["project"]), () => decodeProject(params));

/** `GET` and `POST /v1/webhooks`, `DELETE /v1/webhooks/:id`. `authorize` fails for a request without the right key. */
export const webhookRoutes = (run: Run<ClickHouse | AppSettings | WebhookTargets>, authorize: Authorize) => {
  const arrivals = new Arrivals(bodyArrivals);
  const read = (request: Request) =>
    Effect.flatMap(
      Effect.promise(() => readBody(request, MAXIMUM_BODY_BYTES, arrivals)),
      (body): Effect.Effect<Uint8Array, HttpFailure> =>
        body instanceof Uint8Array ? Effect.succeed(body) : Effect.fail(body),
    );
  const forManagers = makeAdmitting(run, authorize, "manage");
  const projectOf = (access: Access, request: Request) =>
    Effect.flatMap(scopedParams(access, request), (params) => projectIn(params));

  return new Elysia({ name: "webhooks", prefix: "/v1/webhooks" })
    .get(
      "",
      ({ request }) => forManagers(request, (access) => Effect.flatMap(projectOf(access, request), listed)),
      { detail: listDocumentation },
    )
    .post(
      "",
      ({ request }) =>
        forManagers(request, (access) => Effect.flatMap(read(request), (body) => added(access, body)), 201),
      { parse: "none", detail: addDocumentation },
    )
    .delete(
      "/:id",
      ({ request, params }) =>
        forManagers(request, (access) =>
          Effect.flatMap(projectOf(access, request), (project) => deleted(access, project, params.id)),
        ),
      { parse: "none", detail: deleteDocumentation },
    );
};
