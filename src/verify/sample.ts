import { Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { fastClock } from "../testing/service/fast-clock.ts";
import { DAY_MS } from "./rollup.ts";
import { type News, type VerifyOptions, verify } from "./verify.ts";

/** Start of the UTC day `ago` days before today. */
export const dayMs = (ago: number): number => (Math.floor(Date.now() / DAY_MS) - ago) * DAY_MS;

export const dayText = (ago: number): string => new Date(dayMs(ago)).toISOString().slice(0, 10);

/** As ClickHouse writes a time without its milliseconds. */
export const timeText = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace("T", " ");

const columns = [
  "batch",
  "project_id",
  "site_id",
  "source",
  "event_type",
  "event_id",
  "occurred_at",
  "visitor_id",
  "session_id",
  "is_bot",
  "post_id",
  "mapping_id",
  "device_slug",
] as const;

const types = ["widget_impression", "widget_impression", "page_view", "widget_click"];

/** Events of a day as the writer sends them: two sites, some bots, visitors who come back. */
export const storeDay = (ago: number, batch: number, events = 300) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const rows = Array.from({ length: events }, (_, i) => {
      const at = new Date(dayMs(ago) + Math.floor((i / events) * DAY_MS));
      return JSON.stringify([
        batch,
        "default",
        i % 3 === 0 ? "one.example" : "two's \u009b1m\n.example",
        i % 2 === 0 ? "web" : "wordpress",
        types[i % types.length],
        `${batch}-${i}`,
        at.toISOString().replace("T", " ").replace("Z", ""),
        String((i * 7919) % 101),
        String(i % 5 === 0 ? 0 : (i * 31) % 47),
        i % 11 === 0,
        i % 4,
        i % 6,
        i % 2 === 0 ? "phone-a" : "phone-b",
      ]);
    });
    yield* clickhouse.insertRows({
      table: "landing",
      columns,
      rows: Buffer.from(rows.join("\n")),
      token: `sample:${ago}:${batch}`,
    });
  });

/** Verifies, and keeps what was told on the way. */
export const verified = (options: Partial<VerifyOptions> = {}) =>
  Effect.gen(function* () {
    const news: Array<News> = [];
    const result = yield* verify({ repair: false, live: false, tell: (one) => news.push(one), ...options });
    const differences = news.flatMap((one) => (one.kind === "different" ? one.comparison.differences : []));
    return { ...result, news, differences };
  });

export const changed = (sql: string) => Effect.flatMap(ClickHouse, (clickhouse) => clickhouse.command(sql));

export const deleted = (table: string, where: string) =>
  changed(`ALTER TABLE ${table} DELETE WHERE ${where} SETTINGS mutations_sync = 2`);

/** An insert that is stored even where it looks like an earlier one. */
export const inserted = (table: string, rest: string) =>
  changed(
    `INSERT INTO ${table} ${rest.replace(
      "SELECT",
      "SETTINGS deduplicate_insert = 'disable', deduplicate_insert_select = 'disable' SELECT",
    )}`,
  );

export const asked = <Row extends object>(sql: string) =>
  Effect.flatMap(ClickHouse, (clickhouse) => clickhouse.query<Row>(sql));

/** Pauses are over `times` sooner, but a read has the time that it is given. */
export const hurried =
  (times: number) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | ClickHouse> =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const clock = yield* Effect.clock;
      return yield* effect.pipe(
        Effect.provideService(ClickHouse, {
          ...clickhouse,
          query: (...read) => Effect.withClock(clickhouse.query(...read), clock),
        }),
        Effect.provide(fastClock(times)),
      );
    }) as Effect.Effect<A, E, R | ClickHouse>;
