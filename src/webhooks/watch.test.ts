import { describe, expect } from "bun:test";
import { Effect, Layer } from "effect";
import { layerSealedDays } from "../sealing/sealed-days.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { testClickHouse } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { testSettings } from "../testing/settings.ts";
import { lastDeliveries } from "./delivery.ts";
import { examplePayload } from "./documentation.ts";
import { settableClock } from "./testing/clock.ts";
import { answering, layerLocalTargets, receiver } from "./testing/receiver.ts";
import { HOUR_END_MS, HOUR_MS, idleSpool, LOOK_MS, storeHours, webhookAt } from "./testing/webhooks.ts";
import { layerAnomalyWatch, makeWatch } from "./watch.ts";
import { addWebhook, deleteWebhook, type Webhook } from "./webhook.ts";

interface Payload {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>> & {
    readonly timeRange?: { readonly from: string; readonly to: string };
  };
}

const clock = settableClock(LOOK_MS);
const spool = idleSpool();
const around = Layer.mergeAll(clock.layer, spool.layer, layerLocalTargets(), testSettings());

describe("the watch", () => {
  const { it } = testsOn(
    layerSealedDays.pipe(Layer.provideMerge(testClickHouse()), Layer.provideMerge(around)),
  );

  const watched = (overrides: Partial<Webhook>, statuses: ReadonlyArray<number> = [200]) =>
    Effect.gen(function* () {
      clock.state.nowMs = LOOK_MS;
      Object.assign(spool.state, { waiting: 0, oldestSeconds: 0 });
      const server = yield* receiver(answering(...statuses));
      const webhook = webhookAt(`http://hooks.example:${server.port}/`, overrides);
      yield* Effect.acquireRelease(addWebhook(webhook), () => Effect.orDie(deleteWebhook(webhook)));
      // Several at a time arrive in any order.
      const bodies = () =>
        server.received
          .map(({ body }) => JSON.parse(body) as Payload)
          .sort((a, b) => String(a.data.metric).localeCompare(String(b.data.metric)));
      return { server, webhook, bodies };
    });

  it("an hour of silence is told once per metric, also by a process that has started anew", () =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* storeHours("silent", HOUR_END_MS - HOUR_MS);
        const { server, webhook, bodies } = yield* watched({
          project: "silent",
          metrics: ["events", "visitors"],
          zone: "Europe/Berlin",
        });
        const turn = makeWatch();
        yield* turn;
        expect(bodies().map(({ type, data }) => [type, data.metric, data.direction, data.value])).toEqual([
          ["anomaly", "events", "down", 0],
          ["anomaly", "visitors", "down", 0],
        ]);
        const [first] = bodies();
        expect(first?.data).toMatchObject({
          webhook_id: webhook.id,
          project: "silent",
          expected: 40,
          threshold: 5,
        });
        expect(Object.keys(first ?? {})).toEqual(Object.keys(examplePayload));
        expect(Object.keys(first?.data ?? {})).toEqual(Object.keys(examplePayload.data));
        const { timeRange } = first?.data ?? {};
        expect([timeRange?.from, timeRange?.to].map((text) => Date.parse(text ?? ""))).toEqual([
          HOUR_END_MS - HOUR_MS,
          HOUR_END_MS,
        ]);

        yield* turn;
        yield* makeWatch();
        expect(server.received.length).toBe(2);

        // The next hour is another one.
        clock.state.nowMs += HOUR_MS;
        yield* turn;
        const ids = server.received.map(({ headers }) => headers["webhook-id"]);
        expect(new Set(ids).size).toBe(4);
      }),
    ));

  it("sessions that do not begin are told, and conversions by the goal that questions have too", () =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* storeHours("conversions", HOUR_END_MS - HOUR_MS, "conversion");
        const { bodies } = yield* watched({
          project: "conversions",
          metrics: ["pageviews", "conversions", "sessions"],
        });
        yield* makeWatch();
        expect(bodies().map(({ data }) => [data.metric, data.direction, data.value, data.expected])).toEqual([
          ["conversions", "down", 0, 40],
          ["sessions", "down", 0, 40],
        ]);
      }),
    ));

  it("a process that ends before an attempt is noted down tells the same under the same id", () =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* storeHours("crash", HOUR_END_MS - HOUR_MS);
        const { server } = yield* watched({ project: "crash" });
        const clickhouse = yield* ClickHouse;
        let inserts = 0;
        // What was found is put down; that it has been told is not.
        const dying = Layer.succeed(ClickHouse, {
          ...clickhouse,
          insertRows: (insert) =>
            ++inserts > 1 ? Effect.die(new Error("killed")) : clickhouse.insertRows(insert),
        });
        yield* Effect.provide(makeWatch(), dying);
        expect([inserts, server.received.length]).toEqual([2, 1]);
        clock.state.nowMs += 60_000;
        yield* makeWatch();
        yield* makeWatch();
        const told = server.received.map(({ headers, body }) => [headers["webhook-id"], body]);
        expect(told.length).toBe(2);
        expect(told[1]).toEqual(told[0]);
      }),
    ));

  it("a usual hour is not told, nor one within the webhook's own threshold", () =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* storeHours("usual", HOUR_END_MS);
        const { server } = yield* watched({ project: "usual" });
        yield* storeHours("deaf", HOUR_END_MS - HOUR_MS);
        const deaf = yield* watched({ project: "deaf", threshold: 100 });
        const other = yield* watched({ project: "deaf", sites: ["b.example"] });
        yield* makeWatch();
        expect([server, deaf.server, other.server].map(({ received }) => received.length)).toEqual([0, 0, 0]);
      }),
    ));

  it("an hour is looked at two minutes after its end, and not while its events wait to be stored", () =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* storeHours("late", HOUR_END_MS - HOUR_MS);
        const { server } = yield* watched({ project: "late" });
        const turn = makeWatch();
        clock.state.nowMs = HOUR_END_MS + 119_000;
        yield* turn;
        expect(server.received).toEqual([]);
        clock.state.nowMs = LOOK_MS;
        Object.assign(spool.state, { waiting: 5, oldestSeconds: 200 });
        yield* turn;
        expect(server.received).toEqual([]);
        // What waits now came after the hour.
        Object.assign(spool.state, { waiting: 5, oldestSeconds: 100 });
        yield* turn;
        expect(server.received.length).toBe(1);
      }),
    ));

  it("one project's trouble is not another's, and is not met again and again", () =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* storeHours("fine", HOUR_END_MS - HOUR_MS);
        yield* watched({ project: "broken" });
        const { server } = yield* watched({ project: "fine" });
        const clickhouse = yield* ClickHouse;
        let asked = 0;
        const failing = Layer.succeed(ClickHouse, {
          ...clickhouse,
          query: (sql, params, budget) => {
            if (params?.project !== "broken") return clickhouse.query(sql, params, budget);
            asked++;
            return Effect.die(new Error("a bug"));
          },
        });
        const turn = makeWatch();
        for (let turns = 0; turns < 6; turns++) yield* Effect.provide(turn, failing);
        expect([server.received.length, asked]).toEqual([1, 3]);
      }),
    ));

  it("goes on by itself as long as the service runs", () =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* storeHours("layer", HOUR_END_MS - HOUR_MS);
        const { server, webhook } = yield* watched({ project: "layer" }, [500, 200]);
        const isDelivered = Effect.map(
          lastDeliveries([webhook.id]),
          (last) => last.get(webhook.id)?.state === "delivered",
        );
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* Layer.build(layerAnomalyWatch);
            while (server.received.length < 1) yield* Effect.sleep("1 seconds");
            // The next attempt is due a minute or so after the first was noted down, which may be later than it came.
            while (server.received.length < 2) {
              clock.state.nowMs += 10_000;
              yield* Effect.sleep("1 seconds");
            }
            // An attempt that is cut off before its answer is noted down is made again.
            while (!(yield* isDelivered)) yield* Effect.sleep("1 seconds");
          }),
        );
        yield* makeWatch();
        expect(server.received.length).toBe(2);
      }),
    ));
});
