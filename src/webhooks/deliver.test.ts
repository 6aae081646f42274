import { describe, expect } from "bun:test";
import { Effect, Layer, Logger } from "effect";
import { Webhook as Verifier } from "standardwebhooks";
import { ClickHouse } from "../store/clickhouse.ts";
import { ClickHouseError } from "../store/clickhouse-error.ts";
import { testClickHouse, testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { makeDeliver } from "./deliver.ts";
import { type Delivery, dueDeliveries, lastDeliveries, putDeliveries } from "./delivery.ts";
import { MAXIMUM_ATTEMPTS } from "./schedule.ts";
import { settableClock } from "./testing/clock.ts";
import { type Answering, answering, layerLocalTargets, type Received, receiver } from "./testing/receiver.ts";
import { HOUR_MS, LOOK_MS, SECRET, webhookAt } from "./testing/webhooks.ts";
import { activeWebhooks, addWebhook, deleteWebhook, type Webhook, webhooksOf } from "./webhook.ts";

const MINUTE_MS = 60_000;
const PAYLOAD = '{"type":"anomaly","data":{"metric":"événements"}}';

const missing: Received = { method: "", path: "", headers: {}, body: "" };

const pending = (webhook: Webhook, id = `msg_${webhook.id}`): Delivery => ({
  webhookId: webhook.id,
  id,
  payload: PAYLOAD,
  state: "pending",
  attempts: 0,
  status: 0,
  error: "",
  createdMs: LOOK_MS,
  attemptedMs: 0,
  nextAttemptMs: LOOK_MS,
});

const clock = settableClock(LOOK_MS);
const names = { "gone-private.example": ["127.0.0.1", "10.0.0.1"] };
const around = Layer.mergeAll(clock.layer, layerLocalTargets(names));

/** A webhook on a receiver that answers so, with one delivery to come. */
const told = (answer: Answering, host = "hooks.example") =>
  Effect.gen(function* () {
    clock.state.nowMs = LOOK_MS;
    const server = yield* receiver(answer);
    const webhook = webhookAt(`http://${host}:${server.port}/hook?token=in-the-url`);
    yield* addWebhook(webhook);
    yield* putDeliveries([pending(webhook)]);
    const last = Effect.map(lastDeliveries([webhook.id]), (found) => found.get(webhook.id));
    return { server, webhook, last, turn: makeDeliver() };
  });

const after = (minutes: number) =>
  Effect.sync(() => {
    clock.state.nowMs += minutes * MINUTE_MS;
  });

describe.each(testEngines)("deliveries on $engine", ({ layer }) => {
  const { it } = testsOn(Layer.merge(layer(), around));

  it("are posted once, signed so that the scheme's own library agrees", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { server, last, turn, webhook } = yield* told(answering(204));
        yield* turn;
        yield* after(60);
        yield* turn;
        expect(server.received.length).toBe(1);
        const [{ headers, body } = missing] = server.received;
        expect(body).toBe(PAYLOAD);
        expect(headers["webhook-id"]).toBe(`msg_${webhook.id}`);
        expect(headers["webhook-timestamp"]).toBe(String(Math.floor(LOOK_MS / 1000)));
        const signed = new Verifier(SECRET).sign(`msg_${webhook.id}`, new Date(LOOK_MS), body);
        expect(headers["webhook-signature"]).toBe(signed);
        expect(yield* last).toMatchObject({ state: "delivered", attempts: 1, status: 204, error: "" });
      }),
    ));

  it("are made again after a minute, then after five, until they arrive", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { server, last, turn } = yield* told(answering(500, 302, 200));
        yield* turn;
        expect(yield* last).toMatchObject({
          state: "pending",
          attempts: 1,
          status: 500,
          error: "status 500",
        });
        yield* after(0.7);
        yield* turn;
        expect(server.received.length).toBe(1);
        yield* after(0.6);
        yield* turn;
        expect(yield* last).toMatchObject({ attempts: 2, status: 302 });
        yield* after(3.9);
        yield* turn;
        expect(server.received.length).toBe(2);
        yield* after(2.2);
        yield* turn;
        expect(yield* last).toMatchObject({ state: "delivered", attempts: 3, status: 200, error: "" });
        const ids = server.received.map(({ headers }) => headers["webhook-id"]);
        expect(new Set(ids).size).toBe(1);
        // Signed anew each time.
        expect(new Set(server.received.map(({ headers }) => headers["webhook-signature"])).size).toBe(3);
      }),
    ));

  it("are given up after the last attempt, most of a day later", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { server, last, turn } = yield* told(answering(400));
        for (let hour = 0; hour < 30; hour++) {
          yield* turn;
          yield* after(60);
        }
        expect(server.received.length).toBe(MAXIMUM_ATTEMPTS);
        const over = yield* last;
        expect(over).toMatchObject({ state: "failed", attempts: MAXIMUM_ATTEMPTS, status: 400 });
        expect((over?.attemptedMs ?? 0) - LOOK_MS).toBeGreaterThan(14 * HOUR_MS);
      }),
    ));

  it("410 ends the webhook, and what else it was to be told", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { server, webhook, last, turn } = yield* told(answering(410));
        yield* turn;
        expect(yield* last).toMatchObject({ state: "failed", attempts: 1, status: 410 });
        expect((yield* webhooksOf("default")).find(({ id }) => id === webhook.id)?.state).toBe("gone");
        yield* putDeliveries([pending(webhook, "msg_more")]);
        yield* turn;
        expect(server.received.length).toBe(1);
      }),
    ));

  it("a deleted webhook is told nothing, and its secret is not read any more", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { server, webhook, turn } = yield* told(answering(200));
        yield* deleteWebhook(webhook);
        yield* turn;
        expect(server.received).toEqual([]);
        expect((yield* activeWebhooks).map(({ id }) => id)).not.toContain(webhook.id);
        expect((yield* webhooksOf("default")).map(({ id }) => id)).not.toContain(webhook.id);
      }),
    ));
});

describe("deliveries", () => {
  const lines: Array<string> = [];
  const logger = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ message, cause }) => void lines.push(Bun.inspect([message, cause]))),
  );
  const { it } = testsOn(Layer.mergeAll(testClickHouse(), around, logger));

  it("an answer that does not come in time is a failure, and keeps nobody else waiting", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const silent = yield* told(() => undefined);
        const other = yield* told(answering(200));
        yield* silent.turn;
        expect(yield* silent.last).toMatchObject({
          state: "pending",
          status: 0,
          error: "no answer within 10 seconds",
        });
        expect(yield* other.last).toMatchObject({ state: "delivered" });
      }),
    ));

  it("a huge answer is not read", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { last, turn } = yield* told((response) => {
          response.writeHead(200);
          const timer = setInterval(() => response.write("x".repeat(1_000_000)), 1);
          response.on("close", () => clearInterval(timer));
        });
        yield* turn;
        expect(yield* last).toMatchObject({ state: "delivered", status: 200 });
      }),
    ));

  it("a name that has got a private address since is not connected to", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { server, last, turn } = yield* told(answering(200), "gone-private.example");
        yield* turn;
        expect(server.received).toEqual([]);
        expect(yield* last).toMatchObject({
          state: "pending",
          status: 0,
          error: "url leads to an address that is not on the public internet.",
        });
      }),
    ));

  it("logs tell what failed, and neither the secret nor the URL", () =>
    Effect.scoped(
      Effect.gen(function* () {
        lines.length = 0;
        const { turn, webhook } = yield* told(answering(500));
        yield* turn;
        expect(lines.length).toBeGreaterThan(0);
        const text = lines.join("\n");
        expect(text).toContain(`Webhook ${webhook.id} of project default: attempt 1 of ${MAXIMUM_ATTEMPTS}`);
        expect(text).not.toContain(SECRET);
        expect(text).not.toContain("in-the-url");
        expect(Bun.inspect(webhook)).not.toContain(SECRET);
      }),
    ));

  it("an attempt that cannot be noted down is not made again by this process, and is noted down later", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { server, last, turn } = yield* told(answering(200));
        const clickhouse = yield* ClickHouse;
        const full = new ClickHouseError({
          failure: "unavailable",
          retryable: true,
          code: 243,
          message: "no space left",
        });
        const readOnly = Layer.succeed(ClickHouse, { ...clickhouse, insertRows: () => Effect.fail(full) });
        yield* Effect.provide(turn, readOnly);
        const exit = yield* Effect.exit(Effect.provide(turn, readOnly));
        expect([exit._tag, server.received.length]).toEqual(["Failure", 1]);
        expect(yield* last).toMatchObject({ state: "pending", attempts: 0 });
        yield* turn;
        expect(server.received.length).toBe(1);
        expect(yield* last).toMatchObject({ state: "delivered", attempts: 1 });
      }),
    ));

  it("more than are read at a time are all made", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { server, webhook, turn } = yield* told(answering(200));
        yield* putDeliveries(Array.from({ length: 105 }, (_, n) => pending(webhook, `msg_many_${n}`)));
        expect((yield* dueDeliveries([webhook.id], LOOK_MS)).length).toBe(100);
        yield* turn;
        yield* turn;
        expect(server.received.length).toBe(106);
      }),
    ));
});
