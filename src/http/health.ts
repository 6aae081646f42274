import { Clock, Effect } from "effect";
import { Elysia } from "elysia";
import { Spool } from "../spool/spool.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { EventWriter } from "../writer/event-writer.ts";
import type { Run } from "./run.ts";

interface Readiness {
  readonly ready: boolean;
  readonly clickhouse: "ok" | string;
  readonly writer: "ok" | string;
  readonly spool: "ok" | string;
  /** Events stored since start. */
  readonly stored: number;
  /** Events that wait to be stored: durable ones, and those whose commit is under way. */
  readonly queued: number;
  readonly spool_bytes: number;
}

/** A load balancer asks often and must not wait for a slow engine. */
const PING_TIMEOUT = "3 seconds";

/** So long events are taken without ClickHouse before another node should have them: numbers get old meanwhile. */
const UNREACHABLE_LIMIT_MS = 60_000;

const spoolStatus = (problem: string | undefined, refusal: string | undefined): string => {
  if (problem !== undefined) return `events cannot be made durable: ${problem}`;
  return refusal === "SpoolFull" ? "full" : "ok";
};

const makeReadiness = (stopping: () => boolean) => {
  let unreachableSince: number | undefined;
  return Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const writer = (yield* EventWriter).state();
    const { state, refusal } = yield* Spool;
    const ping = yield* clickhouse
      .query<{ one: number }>("SELECT 1 AS one")
      .pipe(
        Effect.timeoutFail({ duration: PING_TIMEOUT, onTimeout: () => ({ message: "no answer in time" }) }),
        Effect.match({ onSuccess: () => "ok", onFailure: ({ message }) => message }),
      );
    const now = yield* Clock.currentTimeMillis;
    unreachableSince = ping === "ok" ? undefined : (unreachableSince ?? now);
    const isGone = unreachableSince !== undefined && now - unreachableSince >= UNREACHABLE_LIMIT_MS;
    const { waiting, committing, bytes, problem } = state();
    const spool = spoolStatus(problem, refusal()?._tag);
    return {
      ready: !stopping() && !isGone && writer.alive && spool === "ok",
      clickhouse: ping,
      writer: writer.alive ? (writer.failing ?? "ok") : "stopped",
      spool,
      stored: writer.stored,
      queued: waiting + committing,
      spool_bytes: bytes,
    } satisfies Readiness;
  });
};

/** `GET /health`: the process answers. `GET /ready`: it can take events, and ClickHouse was there lately. */
export const healthRoutes = (run: Run<ClickHouse | EventWriter | Spool>, stopping: () => boolean) => {
  const readiness = makeReadiness(stopping);
  return new Elysia({ name: "health" })
    .get("/health", () => ({ status: "ok" }), {
      detail: { tags: ["Service"], summary: "Whether the process answers" },
    })
    .get(
      "/ready",
      async () => {
        const answer = await run(readiness);
        return answer instanceof Response
          ? answer
          : Response.json(answer, { status: answer.ready ? 200 : 503 });
      },
      { detail: { tags: ["Service"], summary: "Whether events can be taken and stored" } },
    );
};
