import { expect, test } from "bun:test";
import { Effect, Layer } from "effect";
import fc from "fast-check";
import { ClickHouse } from "../../store/clickhouse.ts";
import { testClickHouse } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { testSettings } from "../../testing/settings.ts";
import { writeFilter } from "../filters/write.ts";
import { blankEvent, type EventRow, landingColumns, landingRow } from "../recount/event-row.ts";
import { paramsOf, rangeOf, wholeFilter } from "../recount/metric-question.ts";
import { metricStory } from "../recount/metric-stories.ts";
import { eventTypes, pages } from "../recount/story-values.ts";
import { pathsExample } from "./documentation.ts";
import { decodePathsQuery } from "./parameters.ts";
import { type PathsAnswer, paths } from "./paths.ts";
import { recountPaths } from "./testing/recount.ts";

// Long enough that the days of the stories are kept.
const kept = { rawRetentionDays: 3650, rollupRetentionYears: 50 };
const { it, runtime } = testsOn(Layer.merge(testClickHouse(undefined, kept), testSettings(kept)));

let batch = 0;
const insert = (project: string, events: ReadonlyArray<EventRow>) =>
  Effect.gen(function* () {
    if (events.length === 0) return;
    batch += 1;
    const clickhouse = yield* ClickHouse;
    yield* clickhouse.insertRows({
      table: "landing",
      columns: landingColumns,
      rows: Buffer.from(`${events.map((event) => landingRow(event, project, batch)).join("\n")}\n`),
      token: `batch ${batch}`,
    });
  });

const ask = (params: URLSearchParams | string) =>
  Effect.flatMap(decodePathsQuery(new URLSearchParams(params)), paths);

/** What comes into a node is its count, and what goes out of it too, unless paths are over there. */
const expectSums = ({ nodes, links, start, steps, sessions }: PathsAnswer) => {
  const sum = (rows: ReadonlyArray<{ readonly count: number }>) =>
    rows.reduce((total, { count }) => total + count, 0);
  expect(sum(nodes.filter(({ step }) => step === 0))).toBe(sessions);
  for (const { id, step, kind, count } of nodes) {
    const before = links.filter((link) => (start === undefined ? link.source : link.target) === id);
    const behind = links.filter((link) => (start === undefined ? link.target : link.source) === id);
    expect(sum(before)).toBe(step === 0 ? 0 : count);
    const isOver = step === steps || kind === "exit" || kind === "entry";
    expect(sum(behind)).toBe(isOver ? 0 : count);
  }
};

const common = [
  "from",
  "to",
  "timezone",
  "bots",
  "site_id",
  "source",
  "mapping_id",
  "post_id",
  "device_slug",
];

const own = fc
  .record({
    by: fc.constantFrom("page", "event"),
    direction: fc.constantFrom("start", "end"),
    page: fc.constantFrom(...pages.filter((page) => page !== "")),
    type: fc.constantFrom(...eventTypes),
    steps: fc.integer({ min: 1, max: 5 }),
    limit: fc.constantFrom(1, 2, 3, 10),
  })
  .map(({ page, type, ...rest }) => ({ ...rest, chosen: rest.by === "page" ? page : type }));

it(
  "nodes and links are what a recount of the sessions finds, and their numbers add up",
  () =>
    Effect.gen(function* () {
      let projects = 0;
      const story = metricStory.chain(({ sent, questions }) =>
        fc.record({
          sent: fc.constant(sent),
          questions: fc.tuple(...questions.map((question) => own.map((more) => ({ question, more })))),
        }),
      );
      const property = fc.asyncProperty(story, ({ sent, questions }) =>
        runtime.runPromise(
          Effect.gen(function* () {
            projects += 1;
            const project = `project ${projects}`;
            for (const events of sent) yield* insert(project, events);
            for (const { question, more } of questions) {
              const { by, direction, chosen, steps, limit } = more;
              const params = new URLSearchParams({ project, by, [direction]: chosen });
              params.set("steps", String(steps));
              params.set("limit", String(limit));
              for (const [name, value] of paramsOf(question, writeFilter)) {
                if ([...common, "filter"].includes(name)) params.append(name, value);
              }
              const wanted = recountPaths(sent.flat(), {
                ...more,
                range: rangeOf(question),
                bots: question.bots ?? "exclude",
                filter: wholeFilter(question),
              });
              const found = yield* ask(params).pipe(
                Effect.mapError((error) => new Error(`${params}: ${JSON.stringify(error)}`)),
              );
              expect({ asked: String(params), found: found as unknown }).toEqual({
                asked: String(params),
                found: wanted,
              });
              expectSums(found);
            }
          }),
        ),
      );
      yield* Effect.promise(() =>
        fc.assert(property, { numRuns: Number(process.env.RUNS ?? 8), endOnFailure: true }),
      );
    }),
  240_000,
);

let ids = 0;
const view = (time: string, page_path: string, more: Partial<EventRow> = {}): EventRow => {
  ids += 1;
  return {
    ...blankEvent,
    event_id: String(ids).padStart(6, "0"),
    occurredAtMs: Date.parse(`2026-11-${time}Z`),
    page_path,
    ...more,
  };
};

const firstOfNovember = "from=2026-11-01&to=2026-11-01";
const told = ({ nodes }: PathsAnswer) =>
  nodes.map(({ step, kind, value, count }) => `${step} ${value ?? kind} ${count}`);

it("the example of the API document is what comes out", () =>
  Effect.gen(function* () {
    const visit = (visitor_id: number, ...visited: ReadonlyArray<string>) =>
      visited.map((page, index) => view(`01T12:0${index}:00`, page, { visitor_id }));
    yield* insert("example", [
      ...visit(1, "/", "/pricing", "/signup", "/welcome"),
      ...visit(2, "/pricing", "/pricing", "/signup"),
      ...visit(3, "/pricing", "/docs"),
      ...visit(4, "/docs", "/pricing"),
      ...visit(5, "/docs"),
    ]);
    const asked = `project=example&start=/pricing&steps=2&${firstOfNovember}`;
    expect(yield* ask(asked)).toEqual(pathsExample);
  }));

it("half an hour cuts a session, a millisecond less does not, whatever type of event is in between", () =>
  Effect.gen(function* () {
    yield* insert("gaps", [
      view("01T10:00:00.000", "/a", { visitor_id: 1 }),
      view("01T10:30:00.000", "/b", { visitor_id: 1 }),
      view("01T10:00:00.000", "/a", { visitor_id: 2 }),
      view("01T10:29:59.999", "/c", { visitor_id: 2 }),
      view("01T10:00:00.000", "/a", { visitor_id: 3 }),
      view("01T10:20:00.000", "", { visitor_id: 3, event_type: "widget_impression" }),
      view("01T10:40:00.000", "/d", { visitor_id: 3 }),
    ]);
    const answer = yield* ask(`project=gaps&start=/a&steps=1&${firstOfNovember}`);
    expect(told(answer)).toEqual(["0 /a 3", "1 /c 1", "1 /d 1", "1 exit 1"]);
  }));

it("a session counts where it begins, and is followed into the next day", () =>
  Effect.gen(function* () {
    yield* insert("midnight", [
      view("01T23:50:00", "/a"),
      view("02T00:10:00", "/b"),
      view("02T00:20:00", "/a"),
      view("02T00:30:00", "/c"),
    ]);
    const answer = yield* ask(`project=midnight&start=/a&steps=2&${firstOfNovember}`);
    expect(told(answer)).toEqual(["0 /a 1", "1 /b 1", "2 /a 1"]);
    const next = yield* ask("project=midnight&start=/a&steps=2&from=2026-11-02&to=2026-11-02");
    expect(next).toMatchObject({ sessions: 0, nodes: [], links: [] });
  }));

it("events of a millisecond are in order of their ids, also of a millisecond whose last byte is 0", () =>
  Effect.gen(function* () {
    // 2026-11-01T12:00:00.000Z is a multiple of 256 milliseconds after 1970.
    for (const ms of [0, 1]) {
      const project = `ids ${ms}`;
      const at = `01T12:00:00.00${ms}`;
      yield* insert(project, [
        view("01T12:00:00.002", "/d", { event_id: "\u0001" }),
        view(at, "/c", { event_id: "c" }),
        view(at, "/a", { event_id: "a" }),
        view(at, "/b", { event_id: "b" }),
      ]);
      const answer = yield* ask(`project=${encodeURIComponent(project)}&start=/a&${firstOfNovember}`);
      expect(told(answer)).toEqual(["0 /a 1", "1 /b 1", "2 /c 1", "3 /d 1"]);
    }
  }));

it("visitors are one session per site and client session, and have one path per session", () =>
  Effect.gen(function* () {
    yield* insert("keys", [
      view("01T10:00:00", "/a"),
      view("01T10:01:00", "/b", { site_id: "other.example" }),
      view("01T10:02:00", "/c", { session_id: 5 }),
      view("01T10:03:00", "/a"),
      view("01T10:04:00", "/d"),
      view("01T11:00:00", "/a"),
    ]);
    const answer = yield* ask(`project=keys&start=/a&steps=2&${firstOfNovember}`);
    expect(told(answer)).toEqual(["0 /a 2", "1 /d 1", "1 exit 1", "2 exit 1"]);
    const before = yield* ask(`project=keys&end=/d&steps=2&${firstOfNovember}`);
    expect(told(before)).toEqual(["0 /d 1", "1 /a 1", "2 entry 1"]);
    expect(before.links).toEqual([
      { source: 1, target: 0, count: 1 },
      { source: 2, target: 1, count: 1 },
    ]);
  }));

const wrong: ReadonlyArray<readonly [query: string, parameter: string, message: string]> = [
  ["", "start", "or end is required: the path of a page, such as /pricing."],
  ["start=/a&end=/b", "end", "cannot be given together with start: paths are followed one way."],
  ["start=/a&start=/b", "start", "is given 2 times"],
  ["end=", "end", "is empty; it takes the path of a page, such as /pricing."],
  ["start=%00", "start", "takes the path of a page, such as /pricing."],
  ["by=event&end=a/b", "end", "takes an event type, such as signup."],
  ["start=/&by=title", "by", "takes one of page, event."],
  ["start=/&steps=6", "steps", "takes a whole number from 1 to 5."],
  ["start=/&limit=0", "limit", "takes a whole number from 1 to 50."],
  ["start=/&depth=3", "depth", "is not a parameter of this route"],
  ["start=/&filter=country:like:DE", "filter", "is wrong at character"],
];

test.each(wrong)("%s is a 400 that names %s", async (query, parameter, message) => {
  const failure = await runtime.runPromise(Effect.flip(ask(`${firstOfNovember}&${query}`)));
  expect(failure).toMatchObject({ _tag: "InvalidParameter", parameter });
  expect(failure.message).toStartWith(message);
});
