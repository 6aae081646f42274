import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { fastClock } from "../testing/service/fast-clock.ts";
import { serviceForTests } from "../testing/service/in-process.ts";

const HOUR_MS = 3_600_000;

interface Family {
  readonly type: string;
  readonly help: string;
  /** By name and labels as they are written, for example `up{job="x"}`. */
  readonly samples: Map<string, number>;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"`;
const helpLine = new RegExp(`^# HELP (${NAME}) (\\S.*)$`);
const typeLine = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`);
const sampleLine = new RegExp(
  `^(${NAME})(\\{${LABEL}(?:,${LABEL})*\\})? ([-+]?(?:\\d+(?:\\.\\d+)?(?:e[-+]?\\d+)?|Inf)|NaN)$`,
);

const matched = (line: string | undefined, form: RegExp): ReadonlyArray<string | undefined> => {
  const match = form.exec(line ?? "");
  if (match === null) throw new Error(`${JSON.stringify(line)} is not ${form}`);
  return match;
};

/** The text format of Prometheus 0.0.4, read strictly: every sample follows the HELP and TYPE of its family. */
const parse = (text: string): ReadonlyMap<string, Family> => {
  const families = new Map<string, Family>();
  if (!text.endsWith("\n")) throw new Error("The last line does not end");
  const lines = text.slice(0, -1).split("\n");
  for (let at = 0; at < lines.length; ) {
    if (lines[at] === "") {
      at++;
      continue;
    }
    const [, name = "", help = ""] = matched(lines[at++], helpLine);
    const [, typed, type = ""] = matched(lines[at++], typeLine);
    if (typed !== name || families.has(name)) throw new Error(`${name} is declared wrongly, or twice`);
    const samples = new Map<string, number>();
    for (; at < lines.length && lines[at] !== "" && !lines[at]?.startsWith("#"); at++) {
      const [, own = "", labels = "", value = ""] = matched(lines[at], sampleLine);
      const suffix = own.slice(name.length);
      const allowed = type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
      if (!own.startsWith(name) || !allowed.includes(suffix) || samples.has(own + labels)) {
        throw new Error(`${own}${labels} does not belong to ${name}, or comes twice`);
      }
      samples.set(
        own + labels,
        value.endsWith("Inf") ? Number(value.replace("Inf", "Infinity")) : Number(value),
      );
    }
    families.set(name, { type, help, samples });
  }
  return families;
};

const scrape = async (url: string) => {
  const response = await fetch(`${url}/metrics`);
  const families = parse(await response.text());
  return {
    status: response.status,
    contentType: response.headers.get("content-type"),
    families,
    /** Undefined where there is no such sample. */
    value: (sample: string) => {
      for (const { samples } of families.values()) if (samples.has(sample)) return samples.get(sample);
      return undefined;
    },
  };
};

const view = (id: string, more: object = {}) => ({ event_type: "page_view", event_id: id, ...more });

describe("GET /metrics", () => {
  const service = serviceForTests({ settings: { maxQueueSize: 100 } });

  test("counts events that were accepted, sent twice, rejected and stored, and requests that were refused", async () => {
    const before = await scrape(service.url());
    expect([before.status, before.contentType]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
    expect(before.value("footfall_events_accepted_total")).toBe(0);

    await service.post({ events: [view("a"), view("b"), view("c"), { event_type: 5 }] });
    await service.post({
      events: [view("a"), view("d"), view("e", { occurred_at: "2001-01-01T00:00:00Z" })],
    });
    const refused = await service.post({ events: Array.from({ length: 101 }, (_, n) => view(`r${n}`)) });
    expect(refused.status).toBe(503);
    await service.settled();

    const { value } = await scrape(service.url());
    const samples = [
      "footfall_events_accepted_total",
      "footfall_events_duplicate_total",
      'footfall_events_rejected_total{reason="invalid_event"}',
      'footfall_events_rejected_total{reason="too_old"}',
      'footfall_requests_refused_total{reason="queue_full"}',
      'footfall_requests_refused_total{reason="spool_full"}',
      "footfall_events_stored_total",
      "footfall_batch_rows_sum",
      "footfall_events_dead_letter_total",
      "footfall_events_lost_total",
      "footfall_queue_events",
      "footfall_spool_events",
      "footfall_spool_oldest_seconds",
      "footfall_dead_letters",
      "footfall_duplicate_ids",
      "footfall_verify_differences",
      'footfall_verify_runs_total{result="agree"}',
      'footfall_verify_runs_total{result="differ"}',
      'footfall_verify_runs_total{result="failed"}',
    ];
    expect(Object.fromEntries(samples.map((sample) => [sample, value(sample)]))).toEqual({
      footfall_events_accepted_total: 5,
      footfall_events_duplicate_total: 1,
      'footfall_events_rejected_total{reason="invalid_event"}': 1,
      'footfall_events_rejected_total{reason="too_old"}': 1,
      'footfall_requests_refused_total{reason="queue_full"}': 1,
      'footfall_requests_refused_total{reason="spool_full"}': 0,
      footfall_events_stored_total: 4,
      footfall_batch_rows_sum: 4,
      footfall_events_dead_letter_total: 0,
      footfall_events_lost_total: 0,
      footfall_queue_events: 0,
      footfall_spool_events: 0,
      footfall_spool_oldest_seconds: 0,
      footfall_dead_letters: 0,
      footfall_duplicate_ids: 4,
      footfall_verify_differences: 0,
      'footfall_verify_runs_total{result="agree"}': 0,
      'footfall_verify_runs_total{result="differ"}': 0,
      'footfall_verify_runs_total{result="failed"}': 0,
    });
    expect(value("footfall_commit_seconds_count")).toBeGreaterThanOrEqual(2);
    expect(value("footfall_insert_seconds_count")).toBeGreaterThanOrEqual(1);
    expect(value("footfall_spool_max_bytes")).toBeGreaterThan(1_000_000);
  });

  test("names every metric as its kind asks for, with a sentence about it", async () => {
    const { families } = await scrape(service.url());
    expect(families.size).toBeGreaterThan(20);
    for (const [name, { type, help, samples }] of families) {
      expect(name).toMatch(type === "counter" ? /^footfall_[a-z_]+_total$/ : /^footfall_[a-z_]+(?<!_total)$/);
      expect(help).toMatch(/^[A-Z].*\.$/);
      for (const value of samples.values()) expect(value).toBeGreaterThanOrEqual(0);
    }
  });

  test("has histograms whose buckets add up", async () => {
    const { families } = await scrape(service.url());
    const histograms = [...families].filter(([, { type }]) => type === "histogram");
    expect(histograms.map(([name]) => name)).toContain("footfall_commit_seconds");
    for (const [name, { samples }] of histograms) {
      const buckets = [...samples].filter(([sample]) => sample.startsWith(`${name}_bucket{`));
      const counts = buckets.map(([, count]) => count);
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
      expect(buckets.at(-1)).toEqual([`${name}_bucket{le="+Inf"}`, samples.get(`${name}_count`) as number]);
    }
  });
});

describe("the hourly check", () => {
  // Five minutes are a tenth of a second, and an hour is a little more than one.
  const service = serviceForTests({ ground: fastClock(3000) });

  test("is counted by its result, and what it found is a level", async () => {
    const until = async (sample: string) => {
      for (;;) {
        const { value } = await scrape(service.url());
        if ((value(sample) ?? 0) > 0) return value;
        await Bun.sleep(20);
      }
    };
    const agreed = await until('footfall_verify_runs_total{result="agree"}');
    expect(agreed("footfall_verify_differences")).toBe(0);
    expect(agreed('footfall_verify_runs_total{result="failed"}')).toBe(0);

    const lastHour = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS).toISOString();
    await service.run(
      Effect.flatMap(ClickHouse, (clickhouse) =>
        clickhouse.command(
          `INSERT INTO hourly_event_stats (project_id, site_id, hour, event_type, events)
           SELECT 'default', concat('nobody', toString(number)), '${lastHour.slice(0, 19).replace("T", " ")}', 'page_view', 3
           FROM numbers(2)`,
        ),
      ),
    );
    const differed = await until('footfall_verify_runs_total{result="differ"}');
    expect(differed("footfall_verify_differences")).toBe(2);

    await service.run(Effect.flatMap(ClickHouse, ({ command }) => command("DROP TABLE events")));
    const failed = await until('footfall_verify_runs_total{result="failed"}');
    expect(failed("footfall_verify_differences")).toBe(2);
  }, 60_000);
});
