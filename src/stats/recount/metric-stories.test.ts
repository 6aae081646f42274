import { expect, test } from "bun:test";
import fc from "fast-check";
import { recountBreakdown } from "./breakdown.ts";
import { comparedInstants } from "./civil-time.ts";
import type { EventRow } from "./event-row.ts";
import { isOfEventsOnly, isOfSessionsOnly } from "./field-value.ts";
import { type MetricQuestion, paramsOf, rangeOf } from "./metric-question.ts";
import { metricStory } from "./metric-stories.ts";
import { metricNames, recountMetrics, recountTimeseriesMetrics, scopeOf } from "./metrics.ts";
import { recountQuestion } from "./recount-question.ts";
import { isOfSessions } from "./selection.ts";
import { compareBytes, sessionize } from "./sessions.ts";

const totals = (events: ReadonlyArray<EventRow>, question: MetricQuestion) =>
  recountMetrics(events, { ...question, route: "metrics", metrics: metricNames, compare: "none" }).metrics;

const sum = (numbers: ReadonlyArray<number | undefined>) => numbers.reduce<number>((a, b) => a + (b ?? 0), 0);

/** The property for every question of a story. */
const forEachQuestion = (
  holds: (events: ReadonlyArray<EventRow>, question: MetricQuestion) => void,
  numRuns = 60,
) =>
  fc.assert(
    fc.property(metricStory, ({ sent, questions }) => {
      for (const question of questions) holds(sent.flat(), question);
    }),
    { numRuns },
  );

test("in what order events arrived changes no answer", () => {
  forEachQuestion((events, question) => {
    const byId = [...events].sort((a, b) => compareBytes(a.event_id, b.event_id));
    expect(recountQuestion(byId, question)).toEqual(recountQuestion(events, question));
  });
});

test("every event is in one session, and none of them can be joined with the next", () => {
  fc.assert(
    fc.property(metricStory, ({ sent }) => {
      const sessions = sessionize(sent.flat());
      const ids = sessions.flatMap(({ events }) => events.map(({ event_id }) => event_id));
      expect([...ids].sort()).toEqual(
        sent
          .flat()
          .map(({ event_id }) => event_id)
          .sort(),
      );
      const chains = Map.groupBy(sessions, ({ first }) =>
        [first.site_id, first.visitor_id, first.session_id].join(" "),
      );
      for (const chain of chains.values()) {
        const times = chain
          .map(({ startedAtMs, durationMs }) => [startedAtMs, startedAtMs + durationMs] as const)
          .sort(([a], [b]) => a - b);
        for (const [index, [start]] of times.entries()) {
          expect(start - (times[index - 1]?.[1] ?? -Infinity)).toBeGreaterThanOrEqual(30 * 60_000);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("the buckets of a time series hold every session, event and conversion of the range once", () => {
  forEachQuestion((events, question) => {
    if (question.route !== "timeseries") return;
    const metrics = ["sessions", "events", "pageviews", "conversions"] as const;
    const { data } = recountTimeseriesMetrics(events, { ...question, metrics });
    const whole = totals(events, question);
    for (const metric of metrics) {
      expect(sum(data.map((bucket) => bucket[metric]))).toBe(whole[metric]?.value ?? 0);
    }
  }, 40);
});

test("a session has one value of its own; an event has one of everything", () => {
  forEachQuestion((events, question) => {
    if (question.route !== "breakdown") return;
    const metrics = ["sessions", "events"] as const;
    const all = { ...question, metrics, search: "", limit: Infinity, offset: 0 };
    const { data, total, rows } = recountBreakdown(events, all);
    const ofSessions = isOfSessions(scopeOf(question));
    const own = !isOfEventsOnly(question.dimension);
    expect(rows).toBe(data.length);
    if (own) expect(sum(data.map(({ sessions }) => sessions))).toBe(total.sessions ?? 0);
    if (own || !ofSessions) expect(sum(data.map((row) => row.events))).toBe(total.events ?? 0);
    if (!isOfSessionsOnly(question.dimension))
      expect(total.events).toBe(totals(events, question).events?.value ?? 0);
  }, 100);
});

test("what is compared with is the answer about that range", () => {
  forEachQuestion((events, question) => {
    if (question.route !== "metrics") return;
    const before = comparedInstants(rangeOf(question), question.compare ?? "none");
    if (before === undefined || before.startMs >= before.endMs) return;
    const [from, to] = [before.startMs, before.endMs].map((ms) => new Date(ms).toISOString());
    const then = totals(events, { ...question, from: from ?? "", to: to ?? "" });
    const { metrics } = recountMetrics(events, question);
    for (const metric of question.metrics) expect(metrics[metric]?.previous).toBe(then[metric]?.value ?? 0);
  }, 100);
});

test("pages of a breakdown are the whole, cut", () => {
  forEachQuestion((events, question) => {
    if (question.route !== "breakdown") return;
    const { data } = recountBreakdown(events, { ...question, offset: 0, limit: 1000 });
    const pages = [0, 2, 4].flatMap(
      (offset) => recountBreakdown(events, { ...question, offset, limit: 2 }).data,
    );
    expect(pages).toEqual(data.slice(0, 6));
  });
});

test("stories reach what they are for", () => {
  const seen = new Map<string, number>();
  const see = (what: string, really: boolean) => seen.set(what, (seen.get(what) ?? 0) + (really ? 1 : 0));
  let asked = 0;
  for (const { sent, questions } of fc.sample(metricStory, { numRuns: 150, seed: 4 })) {
    const sessions = sessionize(sent.flat());
    see("no events", sent.length === 0);
    see("late batches", sent.length > 2);
    see(
      "sessions of days",
      sessions.some(({ durationMs }) => durationMs > 86_400_000),
    );
    for (const question of questions) {
      asked += 1;
      const ofSessions = isOfSessions(scopeOf(question));
      const { sessions: counted, events } = totals(sent.flat(), question);
      see("answers with sessions", (counted?.value ?? 0) > 0);
      see("answers with filters", question.filter !== undefined && (counted?.value ?? 0) > 0);
      see("answers about whole sessions", ofSessions && (counted?.value ?? 0) > 0);
      see("events without sessions", counted?.value === 0 && (events?.value ?? 0) > 0);
      see("parameters", paramsOf(question, JSON.stringify).has("from"));
    }
  }
  expect(seen.get("parameters")).toBe(asked);
  for (const [what, times] of seen) expect([what, times > 4]).toEqual([what, true]);
});
