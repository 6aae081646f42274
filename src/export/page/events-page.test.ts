import { describe, expect } from "bun:test";
import { Effect, Layer } from "effect";
import type { InvalidParameter } from "../../domain/errors.ts";
import { testEngines } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { testSettings } from "../../testing/settings.ts";
import {
  CROWDED_MS,
  inOrder,
  SAMPLE_FROM,
  SAMPLE_TO,
  type SampleEvent,
  type SeenEvent,
  sampleEvent,
  sampleEvents,
  seen,
  seenInJson,
  storeEvents,
} from "../testing/sample-events.ts";
import { encodeCursor } from "./cursor.ts";
import { eventsPage } from "./events-page.ts";
import { decodeEventsQuery } from "./query.ts";

const keptForLong = { rawRetentionDays: 7300, rollupRetentionYears: 20 };
const NOW_MS = Date.parse("2026-11-10T18:00:00Z");
const RANGE = `from=${SAMPLE_FROM}&to=${SAMPLE_TO}`;
const sample = sampleEvents(2000);

const ask = (query: string, nowMs = NOW_MS) =>
  Effect.flatMap(decodeEventsQuery(new URLSearchParams(query), nowMs), eventsPage);

const readAll = (
  query: string,
  between: (page: number) => Effect.Effect<unknown, unknown, never> = () => Effect.void,
) =>
  Effect.gen(function* () {
    const events: Array<SeenEvent> = [];
    let cursor = "";
    for (let page = 1; ; page += 1) {
      const answer = yield* ask(`${query}${cursor}`);
      events.push(...answer.events.map(seenInJson));
      if (answer.next === null) return { events, pages: page };
      cursor = `&cursor=${answer.next}`;
      yield* between(page);
    }
  });

const newestFirst = (events: ReadonlyArray<SampleEvent>) => inOrder(events).toReversed().map(seen);
const wrong = (query: string) =>
  Effect.flip(ask(query)).pipe(Effect.map((error) => error as InvalidParameter));

describe.each(testEngines)("a page of events on $engine", ({ layer }) => {
  const { it } = testsOn(Layer.merge(layer(undefined, keptForLong), testSettings(keptForLong)));

  it("all pages are exactly the stored events in order, whatever the limit", () =>
    Effect.gen(function* () {
      yield* storeEvents(sample);
      yield* storeEvents(sample.slice(0, 500), "other");
      for (const limit of [37, 100, 1000]) {
        const { events, pages } = yield* readAll(`${RANGE}&bots=include&limit=${limit}`);
        expect(pages).toBe(Math.ceil(sample.length / limit));
        expect(events).toEqual(newestFirst(sample));
      }
      const crowded = sample.filter((event) => event.occurred_at === CROWDED_MS);
      expect(crowded.length).toBeGreaterThan(400);
      const instant = "from=2026-11-05T12:00:00.123Z&to=2026-11-05T12:00:00.124Z";
      expect((yield* readAll(`${instant}&bots=include&limit=25`)).events).toEqual(newestFirst(crowded));
    }));

  it("a last page that is full is the last", () =>
    Effect.gen(function* () {
      yield* storeEvents(sample.slice(0, 5), "five");
      const page = yield* ask(`${RANGE}&bots=include&project=five&limit=5`);
      expect([page.events.length, page.next]).toEqual([5, null]);
    }));

  it("only the asked project, bots as asked, and what the filters let through", () =>
    Effect.gen(function* () {
      const other = yield* readAll(`${RANGE}&project=other&bots=include&limit=1000`);
      expect(other.events).toEqual(newestFirst(sample.slice(0, 500)));
      const people = sample.filter(({ is_bot }) => !is_bot);
      expect((yield* readAll(`${RANGE}&limit=1000`)).events).toEqual(newestFirst(people));
      const onSite = people.filter(({ site_id }) => site_id === "site-1.example");
      const query = `${RANGE}&site_id=site-1.example&limit=50`;
      expect((yield* readAll(query)).events).toEqual(newestFirst(onSite));
      expect((yield* ask(`${RANGE}&project=nobody`)).events).toEqual([]);
    }));

  it("events that come in between two pages make none of the others come twice or not at all", () =>
    Effect.gen(function* () {
      const stored = sampleEvents(300);
      yield* storeEvents(stored, "busy");
      const lateEvents = (page: number) => [
        sampleEvent({ event_id: `new-${page}`, occurred_at: CROWDED_MS, batch: 10 + page }),
        sampleEvent({ event_id: `id-1${page}`, occurred_at: CROWDED_MS, batch: 10 + page }),
        sampleEvent({
          event_id: `old-${page}`,
          occurred_at: Date.parse("2026-11-01T00:00:00Z"),
          batch: 10 + page,
        }),
        sampleEvent({ event_id: `latest-${page}`, occurred_at: NOW_MS, batch: 10 + page }),
      ];
      const context = yield* Effect.context<Effect.Effect.Context<ReturnType<typeof storeEvents>>>();
      const { events } = yield* readAll(`${RANGE}&project=busy&bots=include&limit=40`, (page) =>
        Effect.provide(storeEvents(lateEvents(page), "busy"), context),
      );
      const later = /^(new|old|latest)-|^id-1\d$/;
      const isLater = (event: SeenEvent) => later.test(String(event.event_id)) && event.page_url === "";
      expect(events.filter((event) => !isLater(event))).toEqual(newestFirst(stored));
      const late = events.filter(isLater).map(({ event_id }) => event_id);
      expect(new Set(late).size).toBe(late.length);
    }));

  it("without a range these are the last 24 hours, and pages keep them", () =>
    Effect.gen(function* () {
      const at = (event_id: string, hours: number) =>
        sampleEvent({ event_id, occurred_at: NOW_MS + hours * 3_600_000 });
      const events = [at("a", -24), at("b", -20), at("c", -1), at("ahead", 0.05), at("too old", -24.01)];
      yield* storeEvents(events, "recent");
      const ids = (page: { readonly events: ReadonlyArray<string> }) =>
        page.events.map((event) => JSON.parse(event).event_id);
      const first = yield* ask("project=recent&limit=2");
      expect(ids(first)).toEqual(["ahead", "c"]);
      // An hour later the range is still the one of the first page.
      const second = yield* ask(`project=recent&limit=2&cursor=${first.next}`, NOW_MS + 3_600_000);
      expect([ids(second), second.next]).toEqual([["b", "a"], null]);
      expect(ids(yield* ask("project=recent&from=2026-11-10T17:00Z"))).toEqual(["ahead", "c"]);
    }));

  it("a few events of long ago are found", () =>
    Effect.gen(function* () {
      const old = ["2019-03-01", "2012-01-01"].map((day) =>
        sampleEvent({ event_id: day, occurred_at: Date.parse(day) }),
      );
      yield* storeEvents(old, "rare");
      const { events } = yield* readAll("from=2011-01-01&to=2026-11-10&project=rare&limit=1");
      expect(events).toEqual(newestFirst(old));
    }));

  it("a cursor of another question, or of nobody's, is refused", () =>
    Effect.gen(function* () {
      const { next } = yield* ask(`${RANGE}&limit=10`);
      expect((yield* ask(`${RANGE}&limit=20&cursor=${next}`)).events).toHaveLength(20);
      for (const query of [
        `${RANGE}&project=other`,
        `${RANGE}&bots=include`,
        `${RANGE}&site_id=site-1.example`,
        `${RANGE}&timezone=Europe/Berlin`,
        `from=${SAMPLE_FROM}&to=2026-11-09`,
        `from=2026-11-02&to=${SAMPLE_TO}`,
        `from=${SAMPLE_FROM}`,
        "",
      ]) {
        const error = yield* wrong(`${query}&cursor=${next}`);
        expect([query, error.parameter, error.message]).toEqual([
          query,
          "cursor",
          expect.stringContaining("other parameters"),
        ]);
      }
      const sound = { question: "q", fromMs: 5, toMs: 10, last: { atMs: 7, id: "x", batch: 1 } };
      for (const cursor of [
        "x",
        "%00",
        "e30",
        "a".repeat(5000),
        `${next}=`,
        String(next).slice(0, -3),
        encodeCursor(sound),
        encodeCursor({ ...sound, last: { atMs: 11, id: "x", batch: 1 } }),
        encodeCursor({ ...sound, last: { atMs: 7, id: "\0", batch: 1 } }),
        encodeCursor({ ...sound, last: { atMs: 7, id: "x", batch: -1 } }),
        encodeCursor({ ...sound, toMs: 9e15 }),
      ]) {
        expect((yield* wrong(`${RANGE}&cursor=${encodeURIComponent(cursor)}`)).parameter).toBe("cursor");
      }
    }));

  it("parameters are checked", () =>
    Effect.gen(function* () {
      for (const [query, parameter] of [
        [`${RANGE}&limit=0`, "limit"],
        [`${RANGE}&limit=1001`, "limit"],
        [`${RANGE}&offset=3`, "offset"],
        [`to=${SAMPLE_TO}`, "from"],
        [`${RANGE}&cursor=`, "cursor"],
        [`${RANGE}&filter=${encodeURIComponent("entry_page:is:/")}`, "filter"],
      ] as const) {
        expect([query, (yield* wrong(query)).parameter]).toEqual([query, parameter]);
      }
    }));
});
