import { Effect } from "effect";
import { Elysia } from "elysia";
import { ClickHouse } from "../store/clickhouse.ts";
import { EventQueue } from "../writer/event-queue.ts";
import { EventWriter } from "../writer/event-writer.ts";
import type { Run } from "./run.ts";

interface Readiness {
  readonly ready: boolean;
  readonly clickhouse: "ok" | string;
  readonly writer: "ok" | string;
  readonly stored: number;
  readonly queued: number;
}

/** A load balancer asks often and must not wait for a slow engine. */
const PING_TIMEOUT = "3 seconds";

const readiness = (stopping: () => boolean) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const writer = (yield* EventWriter).state();
    const queue = yield* EventQueue;
    const ping = yield* clickhouse
      .query<{ one: number }>("SELECT 1 AS one")
      .pipe(
        Effect.timeoutFail({ duration: PING_TIMEOUT, onTimeout: () => ({ message: "no answer in time" }) }),
        Effect.match({ onSuccess: () => "ok", onFailure: ({ message }) => message }),
      );
    return {
      ready: !stopping() && ping === "ok" && writer.alive,
      clickhouse: ping,
      writer: writer.alive ? (writer.failing ?? "ok") : "stopped",
      stored: writer.stored,
      queued: queue.length(),
    } satisfies Readiness;
  });

/** `GET /health`: the process answers. `GET /ready`: it can take events and store them. */
export const healthRoutes = (run: Run<ClickHouse | EventWriter | EventQueue>, stopping: () => boolean) =>
  new Elysia({ name: "health" })
    .get("/health", () => ({ status: "ok" }), {
      detail: { tags: ["Service"], summary: "Whether the process answers" },
    })
    .get(
      "/ready",
      async () => {
        const answer = await run(readiness(stopping));
        return answer instanceof Response
          ? answer
          : Response.json(answer, { status: answer.ready ? 200 : 503 });
      },
      { detail: { tags: ["Service"], summary: "Whether events can be taken and stored" } },
    );
