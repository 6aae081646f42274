import { describe, expect } from "bun:test";
import { Effect, Layer } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { readMigrations } from "../store/migrations.ts";
import { migrate } from "../store/migrator.ts";
import { testClickHouse, testEngines, testRetention } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { asked, changed, dayMs, deleted, inserted, verified } from "../verify/sample.ts";
import { linkedVisitors } from "./identities.ts";
import { unlink } from "./unlinking.ts";

const TIMEOUT_MS = 60_000;

const columns = [
  "batch",
  "project_id",
  "event_type",
  "event_id",
  "occurred_at",
  "visitor_id",
  "user_id",
  "is_bot",
];

interface Said {
  readonly ago: number;
  readonly visitor: number;
  readonly user: string;
  readonly type?: string;
  readonly isBot?: boolean;
  readonly project?: string;
}

let batch = 0;
const say = (...events: ReadonlyArray<Said>) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    batch += 1;
    const rows = events.map(
      ({ ago, visitor, user, type = "identify", isBot = false, project = "default" }, n) => {
        const time = new Date(dayMs(ago) + n * 1000).toISOString().replace("T", " ").replace("Z", "");
        return JSON.stringify([batch, project, type, `${batch}-${n}`, time, visitor, user, isBot]);
      },
    );
    yield* clickhouse.insertRows({
      table: "landing",
      columns,
      rows: Buffer.from(rows.join("\n")),
      token: `said ${batch}`,
    });
  });

const content = asked<object>(
  `SELECT project_id, user_id, toString(visitor_id) AS visitor, toString(date) AS date, toString(min(first_at)) AS first,
     toString(max(last_at)) AS last, max(watermark) AS watermark
   FROM daily_identities GROUP BY ALL ORDER BY ALL`,
);

const someDays = say(
  { ago: 3, visitor: 1, user: "a" },
  { ago: 3, visitor: 1, user: "a" },
  { ago: 40, visitor: 2, user: "a" },
  { ago: 2, visitor: 2, user: "b" },
  { ago: 2, visitor: 3, user: "" },
  { ago: 2, visitor: 3, user: "a", isBot: true },
  { ago: 2, visitor: 3, user: "a", type: "page_view" },
  { ago: 2, visitor: 3, user: "a", project: "other" },
);

describe.each(testEngines)("the rollup of links on $engine", ({ layer }) => {
  const { it } = testsOn(layer());

  it(
    "has identify events with a user, is verified with the others, and repaired",
    () =>
      Effect.gen(function* () {
        yield* someDays;
        const before = yield* content;
        expect(before).toHaveLength(4);
        expect((yield* verified()).differences).toEqual([]);
        yield* deleted("daily_identities", "user_id = 'b'");
        yield* inserted(
          "daily_identities",
          "(project_id, user_id, visitor_id, date, last_at) SELECT 'default', 'c', 9, toDate(now('UTC')) - 3, now64(3)",
        );
        const { differences } = yield* verified({ repair: true });
        expect(differences.map(({ table, kind }) => `${table} ${kind}`).sort()).toEqual([
          "daily_identities missing",
          "daily_identities unfounded",
        ]);
        expect(yield* content).toEqual(before);
      }),
    TIMEOUT_MS,
  );

  it("tells all visitors that ever were a user's, and what they are now", () =>
    Effect.gen(function* () {
      yield* say(
        { ago: 9, visitor: 11, user: "p", project: "asked" },
        { ago: 9, visitor: 12, user: "p", project: "asked" },
        { ago: 8, visitor: 12, user: "q", project: "asked" },
        { ago: 9, visitor: 13, user: "p", project: "asked" },
        { ago: 9, visitor: 14, user: "q", project: "asked" },
      );
      yield* unlink({ project: "asked", user: "p", visitor: "13" });
      const found = yield* linkedVisitors("asked", "SHA256(user_id) = SHA256({name:String})", { name: "p" });
      expect(found.map(({ visitorId, userId, state }) => [visitorId, userId, state]).sort()).toEqual([
        ["11", "p", "linked"],
        ["12", "p", "moved"],
        ["13", "p", "unlinked"],
      ]);
    }));
});

describe("the migration", () => {
  const { it } = testsOn(Layer.fresh(testClickHouse()));

  it(
    "fills in what was stored before, once, however often it is repeated",
    () =>
      Effect.gen(function* () {
        yield* someDays;
        const expected = yield* content;
        // As it was before this release.
        yield* changed("DROP VIEW landing_to_daily_identities SYNC");
        yield* changed("DROP TABLE daily_identities SYNC");
        const [migration] = readMigrations().filter(({ name }) => name.endsWith("daily_identities"));
        for (const _ of [1, 2]) {
          for (const statement of migration?.statements ?? []) yield* changed(statement);
          yield* migrate(testRetention);
          expect(yield* content).toEqual(expected);
        }
        expect((yield* verified()).differences).toEqual([]);
      }),
    TIMEOUT_MS,
  );
});
