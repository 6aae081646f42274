import { Clock, Effect } from "effect";
import { Elysia } from "elysia";
import { DuplicateIds } from "../ingest/duplicates/duplicate-ids.ts";
import { Metrics } from "../metrics/metrics.ts";
import { DAY_MS, SealedDays } from "../sealing/sealed-days.ts";
import { Spool } from "../spool/spool.ts";
import type { Run } from "./run.ts";

const exposition = Effect.gen(function* () {
  const metrics = yield* Metrics;
  const spool = yield* Spool;
  const ids = yield* DuplicateIds;
  const sealed = yield* SealedDays;
  const state = spool.state();
  const days = sealed.counts(Math.floor((yield* Clock.currentTimeMillis) / DAY_MS));
  return yield* Effect.promise(() =>
    metrics.expose({
      queueEvents: state.committing,
      spoolEvents: state.waiting,
      spoolBytes: state.bytes,
      spoolMaxBytes: state.maxBytes,
      spoolOldestSeconds: state.oldestSeconds,
      deadLetters: spool.ledger.deadLetterCount(),
      duplicateIds: ids.size,
      duplicateIdsBytes: ids.bytes,
      openDays: days.open,
      sealedDays: days.sealed,
    }),
  );
});

/** `GET /metrics`: counters for Prometheus. They name no visitor, page or project, so they are open. */
export const metricsRoutes = (run: Run<Metrics | Spool | DuplicateIds | SealedDays>) =>
  new Elysia({ name: "metrics" }).get(
    "/metrics",
    async () => {
      const answer = await run(exposition);
      return answer instanceof Response
        ? answer
        : new Response(answer.text, { headers: { "content-type": answer.contentType } });
    },
    { detail: { tags: ["Service"], summary: "Counters in the text format of Prometheus" } },
  );
