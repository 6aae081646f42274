import { ask } from "../processes/engine.ts";
import { type Bucket, bucketKey, rollupRules } from "./recount.ts";

/** A row of `events`, with the columns that the clients can know. */
export interface StoredRow {
  readonly event_id: string;
  readonly event_type: string;
  readonly occurredAtMs: number;
  readonly site_id: string;
  readonly source: string;
  readonly page_title: string;
  readonly isBot: boolean;
  readonly mapping_id: number;
  readonly post_id: number;
  readonly device_slug: string;
  /** Keyed hashes, 64-bit numbers as text. */
  readonly visitor_id: string;
  readonly session_id: string;
  readonly batch: number;
}

/** What lies in the tables. */
export interface Stored {
  readonly rows: AsyncIterable<StoredRow>;
  readonly rollups: ReadonlyArray<{ readonly table: string; readonly buckets: ReadonlyArray<Bucket> }>;
}

type Line = [
  string,
  string,
  number,
  string,
  string,
  string,
  boolean,
  number,
  number,
  string,
  string,
  string,
  number,
];

const ROWS = `event_id, event_type, toUnixTimestamp64Milli(occurred_at), site_id, source, page_title, is_bot,
  mapping_id, post_id, device_slug, toString(visitor_id), toString(session_id), batch`;

const linesOf = (text: string): ReadonlyArray<string> => text.split("\n").filter((line) => line !== "");

const toRow = (line: string): StoredRow => {
  const [id, type, at, site, source, title, isBot, mapping, post, slug, visitor, session, batch] = JSON.parse(
    line,
  ) as Line;
  return {
    event_id: id,
    event_type: type,
    occurredAtMs: at,
    site_id: site,
    source,
    page_title: title,
    isBot,
    mapping_id: mapping,
    post_id: post,
    device_slug: slug,
    visitor_id: visitor,
    session_id: session,
    batch,
  };
};

// One day at a time, so that a long run is never in memory as a whole.
async function* rowsOf(url: string): AsyncGenerator<StoredRow> {
  const days = linesOf(await ask(url, "SELECT DISTINCT toString(toDate(occurred_at, 'UTC')) FROM events"));
  for (const day of days) {
    const sql = `SELECT ${ROWS} FROM events WHERE toDate(occurred_at, 'UTC') = '${day}' FORMAT JSONCompactEachRow`;
    for (const line of linesOf(await ask(url, sql))) yield toRow(line);
  }
}

/** Reads the tables through a ClickHouse HTTP interface. */
export const readStored = async (url: string): Promise<Stored> => {
  const rollups: Array<Stored["rollups"][number]> = [];
  for (const { table, sql } of rollupRules) {
    const buckets = linesOf(await ask(url, sql)).map((line): Bucket => {
      const [keys, sums, visitors, sessions] = JSON.parse(line) as [string[], number[], number, number];
      return { key: bucketKey(...keys), sums, visitors, sessions };
    });
    rollups.push({ table, buckets });
  }
  return { rows: rowsOf(url), rollups };
};
