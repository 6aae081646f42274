import { expect } from "bun:test";
import { Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { testClickHouse } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { countedColumns, firstEventColumns, pageColumns, sessionsOf } from "./session-rows.ts";

const { it } = testsOn(testClickHouse());

interface SessionRow {
  readonly visitor_id: number;
  readonly started: number;
  readonly ended: number;
  readonly pageviews: number;
  readonly events: number;
  readonly interactions: number;
  readonly entry_page: string;
  readonly exit_page: string;
  readonly country: string;
}

const noon = Date.parse("2026-11-20T12:00:00Z");
let projects = 0;

type Sent = readonly [id: string, ms: number, type: string, page: string, country?: string, session?: number];

const sessionsFrom = (events: ReadonlyArray<Sent>) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    projects += 1;
    const project = `p${projects}`;
    yield* clickhouse.insertRows({
      table: "landing",
      columns: [
        "project_id",
        "event_id",
        "occurred_at",
        "event_type",
        "page_path",
        "country",
        "session_id",
        "visitor_id",
      ],
      rows: Buffer.from(
        events
          .map(([id, ms, type, page, country = "", session = 0]) =>
            JSON.stringify([
              project,
              id,
              new Date(noon + ms).toISOString().slice(0, 23).replace("T", " "),
              type,
              page,
              country,
              session,
              7,
            ]),
          )
          .join("\n"),
      ),
      token: project,
    });
    return yield* clickhouse.query<SessionRow>(
      `SELECT visitor_id, toUnixTimestamp64Milli(started_at) - ${noon} AS started,
         toUnixTimestamp64Milli(ended_at) - ${noon} AS ended, pageviews, events, interactions, entry_page, exit_page, country
       FROM (${sessionsOf("t.project_id = {project:String}", [...countedColumns, ...pageColumns, ...firstEventColumns], "1")})
       ORDER BY started_at, session_id`,
      { project },
    );
  });

const GAP = 30 * 60_000;

it("30 minutes without an event end a session, a millisecond less does not", () =>
  Effect.gen(function* () {
    const sessions = yield* sessionsFrom([
      ["a", 0, "page_view", "/a", "DE"],
      ["b", GAP - 1, "page_view", "/b", "FR"],
      ["c", 2 * GAP - 1, "page_view", "/c", "US"],
    ]);
    expect(sessions).toEqual([
      {
        visitor_id: 7,
        started: 0,
        ended: GAP - 1,
        pageviews: 2,
        events: 2,
        interactions: 0,
        entry_page: "/a",
        exit_page: "/b",
        country: "DE",
      },
      {
        visitor_id: 7,
        started: 2 * GAP - 1,
        ended: 2 * GAP - 1,
        pageviews: 1,
        events: 1,
        interactions: 0,
        entry_page: "/c",
        exit_page: "/c",
        country: "US",
      },
    ]);
  }));

it("events of one millisecond are in order of their ids, at every time", () =>
  Effect.gen(function* () {
    // 256 in a row, so that the time ends in every possible byte.
    for (const ms of Array.from({ length: 257 }, (_, index) => index).filter((n) => n % 64 === 0)) {
      const [session] = yield* sessionsFrom([
        ["b", ms, "page_view", "/second", "FR"],
        ["a", ms, "page_view", "/first", "DE"],
        ["\u0000", ms + 1, "widget_click", "", "US"],
        ["c", ms, "page_view", "/third", "GB"],
      ]);
      expect(session).toMatchObject({
        entry_page: "/first",
        exit_page: "/third",
        country: "DE",
        events: 4,
        pageviews: 3,
        interactions: 1,
      });
    }
  }));

it("a session id of the sender's keeps sessions apart, and none is one of its own", () =>
  Effect.gen(function* () {
    const sessions = yield* sessionsFrom([
      ["a", 0, "page_view", "/a", "", 1],
      ["b", 1, "page_view", "/b", "", 2],
      ["c", 2, "widget_impression", "/c"],
      ["d", 3, "page_view", "/d", "", 1],
    ]);
    expect(sessions.map(({ entry_page, exit_page, events }) => [entry_page, exit_page, events])).toEqual([
      ["/a", "/d", 2],
      ["/b", "/b", 1],
      ["", "", 1],
    ]);
  }));
