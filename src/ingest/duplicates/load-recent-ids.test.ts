import { describe, expect, setDefaultTimeout } from "bun:test";
import { Effect } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import { testEngines } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { loadRecentIds } from "./load-recent-ids.ts";
import { RecentIds, WINDOW_HOURS } from "./recent-ids.ts";

setDefaultTimeout(30_000);

const HOUR = 3_600_000;
const MINUTE = 60_000;
const now = Date.now();

interface StoredEvent {
  readonly project?: string;
  readonly id: string;
  readonly receivedAt?: number;
}

/** Brings events into the table as if they had been received then. */
const store = (events: ReadonlyArray<StoredEvent>) =>
  Effect.gen(function* () {
    const { insertRows } = yield* ClickHouse;
    const rows = events.map(({ project = "p", id, receivedAt = now }) =>
      JSON.stringify([project, id, receivedAt, receivedAt]),
    );
    yield* insertRows({
      table: "events",
      columns: ["project_id", "event_id", "occurred_at", "received_at"],
      rows: Buffer.from(`${rows.join("\n")}\n`),
      token: crypto.randomUUID(),
    });
  });

const emptied = Effect.flatMap(ClickHouse, ({ command }) => command("TRUNCATE TABLE events"));

/** Loaded so many milliseconds from now. */
const loaded = (later = 0, idsPerQuestion?: number) =>
  Effect.gen(function* () {
    const ids = new RecentIds(() => now + later);
    return { ids, count: yield* loadRecentIds(ids, idsPerQuestion) };
  });

/** Ids that are easily damaged on their way through a statement, a row or a hash. */
const strange = [
  "it's",
  'a "quoted" one',
  "back\\slash",
  "\\",
  "\\0",
  "\\'",
  "a\ttab, a\nline, a\rreturn",
  "{key:String}",
  "%s ?",
  "ü, ß, é and e\u0301",
  "日本語",
  "𝒳 👩‍👩‍👧",
  "\u007f\u0080\u2028\ufeff\ufffd",
  " ",
  "x".repeat(128),
  "ü".repeat(128),
  "01JD3QZ9XWV7M0000000000000",
];

describe.each(testEngines)("the ids that a start finds in ClickHouse, $engine", ({ layer }) => {
  const { it } = testsOn(layer());

  it("are those that ingestion computes, whatever is in them, by project", () =>
    Effect.gen(function* () {
      yield* emptied;
      const projects = ["p", "it's \\ 日本", ""];
      const events = projects.flatMap((project) => strange.map((id) => ({ project, id: `${project}${id}` })));
      yield* store(events);
      const { ids, count } = yield* loaded();
      expect([count, ids.size]).toEqual([events.length, events.length]);
      expect(events.filter(({ project, id }) => !ids.has(project, id))).toEqual([]);
      expect(events.filter(({ project, id }) => ids.addIfAbsent(project, id))).toEqual([]);
      for (const { project, id } of events) {
        expect([ids.has(`${project}2`, id), ids.has(project, `${id} `)]).toEqual([false, false]);
      }
      expect(ids.size).toBe(events.length);
    }));

  it("are all those of the window, at their age, and no older ones", () =>
    Effect.gen(function* () {
      yield* emptied;
      const since = Math.floor(now / HOUR) * HOUR - WINDOW_HOURS * HOUR;
      yield* store([
        { id: "long ago", receivedAt: since - 24 * HOUR },
        { id: "just before", receivedAt: since - 1 },
        { id: "first", receivedAt: since },
        { id: "an hour later", receivedAt: since + HOUR },
        { id: "now" },
        { id: "by a clock that was ahead", receivedAt: now + 23 * HOUR },
      ]);
      const { ids, count } = yield* loaded();
      expect([count, ids.size]).toEqual([4, 4]);
      expect(["long ago", "just before"].filter((id) => ids.has("p", id))).toEqual([]);

      // The first expires an hour before the second.
      const clock = { time: now };
      const aging = new RecentIds(() => clock.time);
      yield* loadRecentIds(aging);
      const known = () => ["first", "an hour later", "now"].filter((id) => aging.has("p", id));
      expect(known().length).toBe(3);
      clock.time += HOUR;
      expect(known()).toEqual(["an hour later", "now"]);
      clock.time += HOUR;
      expect(known()).toEqual(["now"]);
      clock.time += 46 * HOUR;
      expect(known()).toEqual(["now"]);
      clock.time += HOUR;
      expect(known()).toEqual([]);
    }));

  it("come in several questions where there are many, and are read whole", () =>
    Effect.gen(function* () {
      yield* emptied;
      // Enough that some hundred hashes begin and end with a zero byte.
      const events = Array.from({ length: 60_000 }, (_, n) => ({
        id: `id ${n}`,
        receivedAt: now - (n % 2800) * MINUTE,
      }));
      yield* store(events);
      for (const idsPerQuestion of [1_000_000, 7001]) {
        const { ids, count } = yield* loaded(0, idsPerQuestion);
        expect([count, ids.size]).toEqual([events.length, events.length]);
        expect(events.filter(({ id }) => !ids.has("p", id))).toEqual([]);
        expect(ids.has("p", `id ${events.length}`)).toBe(false);
      }
    }));

  it("are not looked for in parts that were written before the window", () =>
    Effect.gen(function* () {
      yield* emptied;
      // Received when the window has begun, by a clock that is ahead of the one that dates the part.
      yield* store([{ id: "ahead", receivedAt: now + 10 * HOUR }]);
      expect((yield* loaded(48 * HOUR)).count).toBe(1);
      expect((yield* loaded(51 * HOUR)).count).toBe(0);
    }));
});
