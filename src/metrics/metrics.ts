import { Context, Effect, Layer } from "effect";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { IntakeFull, RateLimited, RequestTimeout } from "../domain/errors.ts";
import type { Rejection } from "../domain/event.ts";
import type { SpoolRefusal } from "../spool/event-queue.ts";

/** What is known at the moment of a scrape rather than counted as it happens. */
export interface Levels {
  readonly queueEvents: number;
  readonly spoolEvents: number;
  readonly spoolBytes: number;
  readonly spoolMaxBytes: number;
  readonly spoolOldestSeconds: number;
  readonly deadLetters: number;
  readonly duplicateIds: number;
  readonly duplicateIdsBytes: number;
  readonly openDays: number;
  readonly sealedDays: number;
}

/** Failures after which a sender is to send the same batch again. */
type Refusal = SpoolRefusal | IntakeFull | RateLimited | RequestTimeout;

const refusalReasons: { readonly [Tag in Refusal["_tag"]]: string } = {
  IntakeFull: "intake_full",
  QueueFull: "queue_full",
  RateLimited: "rate_limited",
  RequestTimeout: "request_timeout",
  SpoolFull: "spool_full",
  SpoolUnavailable: "disk_unavailable",
};

/** What the writer did about a batch that may have arrived in part. */
export type RecoveryAction = "arrived" | "completed" | "sent_again";

export const makeMetrics = () => {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string = never>(name: string, help: string, labelNames: Array<Label> = []) =>
    new Counter({ name: `footfall_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string) => new Gauge({ name: `footfall_${name}`, help, registers });
  const histogram = (name: string, help: string, buckets: Array<number>) =>
    new Histogram({ name: `footfall_${name}`, help, buckets, registers });

  const accepted = counter("events_accepted_total", "Events answered as accepted, duplicates included.");
  const duplicates = counter("events_duplicate_total", "Accepted events that had been accepted before.");
  const rejected = counter("events_rejected_total", "Events that were not taken, by reason.", ["reason"]);
  const lost = counter("events_lost_total", "Durable events that a damaged spool file did not give back.");
  const refused = counter("requests_refused_total", "Requests answered 429, 503 or 408, by reason.", [
    "reason",
  ]);
  const stored = counter("events_stored_total", "Events that are in ClickHouse.");
  const commitSeconds = histogram(
    "commit_seconds",
    "Time to make one group of requests durable.",
    [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
  );
  const batchRows = histogram("batch_rows", "Rows of one insert.", [1, 10, 100, 1000, 5000, 10_000, 50_000]);
  const insertSeconds = histogram(
    "insert_seconds",
    "Time of one insert that succeeded.",
    [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  );
  const retries = counter("insert_retries_total", "Inserts that failed and are tried again, by kind.", [
    "kind",
  ]);
  const recoveries = counter(
    "recovery_actions_total",
    "Batches of which it was not known whether they had arrived, by what was done.",
    ["action"],
  );
  const buried = counter(
    "events_dead_letter_total",
    "Events put aside because ClickHouse cannot store them.",
  );
  const verifyDifferences = gauge(
    "verify_differences",
    "Rollup buckets that differed from the raw events at the last hourly check that did not fail.",
  );
  const verifyRuns = counter("verify_runs_total", "Hourly checks of the rollups, by result.", ["result"]);
  const sealSeconds = histogram(
    "seal_seconds",
    "Time to seal one day of one site.",
    [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  );
  const expired = counter(
    "retention_rows_deleted_total",
    "Rows whose deletion was ordered since their project keeps them no longer, by table.",
    ["table"],
  );
  // There from the first scrape on, so that the first increase is seen as one.
  for (const reason of Object.values(refusalReasons)) refused.inc({ reason }, 0);
  for (const result of ["agree", "differ", "failed"]) verifyRuns.inc({ result }, 0);
  const levels: { readonly [Name in keyof Levels]: Gauge } = {
    queueEvents: gauge("queue_events", "Events waiting in memory for their commit."),
    spoolEvents: gauge("spool_events", "Durable events that are not in ClickHouse yet."),
    spoolBytes: gauge("spool_bytes", "Bytes of the spool."),
    spoolMaxBytes: gauge("spool_max_bytes", "Bytes that the spool may have."),
    spoolOldestSeconds: gauge("spool_oldest_seconds", "Age of the oldest event that is not in ClickHouse."),
    deadLetters: gauge("dead_letters", "Events that were put aside and are still kept."),
    duplicateIds: gauge("duplicate_ids", "Event ids that are remembered to find duplicates."),
    duplicateIdsBytes: gauge("duplicate_ids_bytes", "Memory of these ids."),
    openDays: gauge(
      "days_open",
      "Days of sites that are over, have their single events and are not sealed: questions count their events.",
    ),
    sealedDays: gauge("days_sealed", "Days of sites that are sealed."),
  };

  return {
    answered: (count: number, again: number, rejections: ReadonlyArray<Rejection>) => {
      accepted.inc(count + again);
      if (again > 0) duplicates.inc(again);
      for (const { code } of rejections) rejected.inc({ reason: code });
    },
    refused: (tag: Refusal["_tag"]) => refused.inc({ reason: refusalReasons[tag] }),
    committed: (seconds: number) => commitSeconds.observe(seconds),
    inserted: (rows: number, seconds: number) => {
      batchRows.observe(rows);
      insertSeconds.observe(seconds);
    },
    stored: (rows: number) => stored.inc(rows),
    lost: (rows: number) => lost.inc(rows),
    retried: (kind: string) => retries.inc({ kind }),
    recovered: (action: RecoveryAction) => recoveries.inc({ action }),
    buried: () => buried.inc(),
    verified: (differences: number) => {
      verifyRuns.inc({ result: differences === 0 ? "agree" : "differ" });
      verifyDifferences.set(differences);
    },
    sealed: (seconds: number) => sealSeconds.observe(seconds),
    expired: (table: string, rows: number) => expired.inc({ table }, rows),
    verifyFailed: () => verifyRuns.inc({ result: "failed" }),
    /** All of it in the text format of Prometheus. */
    expose: async (now: Levels): Promise<{ readonly contentType: string; readonly text: string }> => {
      for (const name of Object.keys(levels) as Array<keyof Levels>) levels[name].set(now[name]);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
};

/** What is counted for `/metrics`. Calls are cheap, but made per request or batch, never per event. */
export class Metrics extends Context.Tag("footfall/Metrics")<Metrics, ReturnType<typeof makeMetrics>>() {}

export const layerMetrics = Layer.effect(Metrics, Effect.sync(makeMetrics));
