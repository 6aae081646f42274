// Batches for the tests of the recovery, and what the tables have of them.
import { Effect } from "effect";
import { ingestBatch } from "../../ingest/pipeline.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { eventColumns, numberRows } from "../../store/event-row.ts";
import { testContext } from "../../testing/service/ingest-context.ts";
import { makeFirstInsert } from "./first-insert.ts";
import type { FixedBatch } from "./fixed-batch.ts";
import type { Slice } from "./recovery.ts";
import { recoveryTargets } from "./targets.ts";

const DAY_MS = 86_400_000;

/** No month is longer, so that multiples of it lie in different months. */
const MONTH_DAYS = 31;

const receivedAt = Date.now();

/** The month that lies so many steps back, as partitions are named. */
export const partitionOf = (monthsBack: number): string =>
  new Date(receivedAt - monthsBack * MONTH_DAYS * DAY_MS).toISOString().slice(0, 7).replace("-", "");

export interface BatchOptions {
  readonly project: string;
  readonly number: number;
  readonly count?: number;
  readonly months?: number;
  readonly userAgent?: string;
  readonly ledgerId?: string;
}

const types = ["widget_impression", "widget_click", "search", "identify"] as const;

/** A batch whose rows are the same in every project. */
export const sampleBatch = (options: BatchOptions): FixedBatch => {
  const {
    project,
    number,
    count = 90,
    months = 3,
    userAgent = "request agent",
    ledgerId = "ledger",
  } = options;
  const events = Array.from({ length: count }, (_, n) => ({
    event_type: types[n % types.length],
    event_id: `e${n}`,
    visitor_id: `${n % 17}`,
    session_id: `${n % 29}`,
    user_id: `user ${n % 13}`,
    site_id: `site-${n % 3}.example`,
    page_url: `https://site-${n % 3}.example/path-${n % 5}`,
    occurred_at: receivedAt - (Math.floor(n / 3) % months) * MONTH_DAYS * DAY_MS - (n % 7) * 1000,
    properties: {
      mapping_id: n % 5,
      post_id: n % 7,
      device_slug: `device-${n % 2}`,
      widget_index: 0,
      raw_model: "ü",
      viewport_percent: 50,
      click_target: "title",
      destination_url: "https://example.org/",
    },
  }));
  const { rows, rejections } = ingestBatch(
    { events, sentAt: undefined, hasEscapes: true, mayHoldEmail: true, apiKey: undefined },
    testContext({
      project,
      receivedAt,
      userAgent,
      visitorKeys: {
        clientVisitor: (_, id) => String(Number(id) + 1),
        session: (_, id) => String(Number(id) + 1),
        cookielessVisitor: () => "1",
        prune: () => {},
        problem: () => undefined,
      },
    }),
  );
  if (rejections.length > 0) throw new Error(JSON.stringify(rejections[0]));
  const encoded = Buffer.from(rows);
  numberRows(encoded, number);
  return { ledgerId, number, rows: encoded };
};

const months: Readonly<Record<string, string>> = {
  daily_identities: "toYYYYMM(date)",
  daily_post_stats: "toYYYYMM(date)",
  daily_widget_stats: "toYYYYMM(date)",
  events: "toYYYYMM(occurred_at)",
  hourly_event_stats: "toYYYYMM(hour)",
};
/** The tables that a batch is in. */
export const tablesWithBatches = Object.keys(months);

/** What a batch over three months consists of. */
export const allSlices: ReadonlyArray<Slice> = tablesWithBatches.flatMap((table) =>
  [0, 1, 2].map((back) => ({ table, partition: partitionOf(back) })),
);
/** Brings only these slices of the batch into their tables. */
export const insertSlices = (batch: FixedBatch, slices: ReadonlyArray<Slice>) =>
  Effect.gen(function* () {
    const { command, insertRows } = yield* ClickHouse;
    const table = `rows_of_batch_${batch.number}`;
    yield* command(`CREATE TABLE ${table} AS landing ENGINE = Memory`);
    yield* insertRows({ table, columns: eventColumns, rows: batch.rows, token: table });
    for (const target of yield* recoveryTargets) {
      const partitions = slices
        .filter((slice) => slice.table === target.name)
        .map((slice) => slice.partition);
      if (partitions.length === 0) continue;
      yield* command(
        `INSERT INTO ${target.name} (${target.columns.join(", ")})
         SELECT ${target.columns.join(", ")} FROM (${target.rowsFrom(table)})
         WHERE ${months[target.name]} IN (${partitions.join(", ")})`,
      );
    }
    yield* command(`DROP TABLE ${table} SYNC`);
  });

/** The insert that a writer tries first. */
export const firstInsert = (batch: FixedBatch) =>
  Effect.scoped(Effect.flatMap(makeFirstInsert, (insert) => insert(batch)));

const uniques = "uniqMerge(unique_visitors) AS visitors, uniqIfMerge(unique_sessions) AS sessions";

const contents: Readonly<Record<string, string>> = {
  events: "SELECT * EXCEPT (batch, received_at) FROM events",
  daily_widget_stats: `SELECT project_id, site_id, date, mapping_id, post_id, device_slug, source,
    sum(impressions) AS i, sum(clicks) AS c, ${uniques} FROM daily_widget_stats GROUP BY ALL`,
  daily_post_stats: `SELECT project_id, site_id, date, post_id, source,
    sum(widget_impressions) AS i, sum(widget_clicks) AS c, ${uniques} FROM daily_post_stats GROUP BY ALL`,
  daily_identities: `SELECT project_id, user_id, visitor_id, date, min(first_at) AS f, max(last_at) AS l
    FROM daily_identities GROUP BY ALL`,
  hourly_event_stats: `SELECT project_id, site_id, hour, event_type, source,
    sum(events) AS n, ${uniques} FROM hourly_event_stats GROUP BY ALL`,
};

/** A number for everything each project has in each table but its name; a row more or a count less changes it. */
export const fingerprints = Effect.gen(function* () {
  const { query } = yield* ClickHouse;
  const rows = yield* query<{ project: string; table: string; rows: number; content: string }>(
    Object.entries(contents)
      .map(
        ([table, sql]) =>
          `SELECT project_id AS project, '${table}' AS table, count() AS rows,
             toString(sum(cityHash64(* EXCEPT (project_id)))) AS content
           FROM (${sql}) GROUP BY project_id`,
      )
      .join(" UNION ALL "),
  );
  const byProject: Record<string, Record<string, string>> = {};
  for (const { project, table, rows: n, content } of rows) {
    byProject[project] = { ...byProject[project], [table]: `${n} rows, ${content}` };
  }
  return byProject;
});

/** What the project has, as `fingerprints` gives it. */
export const fingerprintOf = (project: string) => Effect.map(fingerprints, (found) => found[project] ?? {});

/** Tables that are there on behalf of writers. */
export const writersTables = Effect.flatMap(ClickHouse, ({ query }) =>
  Effect.map(
    query<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'writer_') ORDER BY name",
    ),
    (rows) => rows.map(({ name }) => name),
  ),
);
