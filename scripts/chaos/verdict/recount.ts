import type { StoredRow } from "./stored.ts";

/** What a bucket of a rollup holds: its sums, and how many different visitors and sessions. */
export interface Bucket {
  readonly key: string;
  readonly sums: ReadonlyArray<number>;
  readonly visitors: number;
  readonly sessions: number;
}

interface Counting {
  readonly sums: Array<number>;
  readonly visitors: Set<string>;
  readonly sessions: Set<string>;
  /** Rows of each batch in this bucket. */
  readonly batches: Map<number, number>;
}

/** How a rollup is made of single events. */
export interface RollupRule {
  readonly table: string;
  readonly measures: number;
  /** The bucket of a row and what it adds to each sum; undefined if it is not counted there. */
  readonly of: (row: StoredRow) => { readonly key: string; readonly adds: ReadonlyArray<number> } | undefined;
  /** Reads the table as buckets: key columns as text in one array, sums, visitors, sessions. */
  readonly sql: string;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** The text that stands for a bucket, here and in what is read from the tables. */
export const bucketKey = (...parts: ReadonlyArray<string | number>): string => parts.join(" | ");

const widgetAdds = (type: string): ReadonlyArray<number> | undefined =>
  type === "widget_impression" ? [1, 0] : type === "widget_click" ? [0, 1] : undefined;

const dayOf = (ms: number) => new Date(Math.floor(ms / DAY_MS) * DAY_MS).toISOString().slice(0, 10);
const hourOf = (ms: number) =>
  new Date(Math.floor(ms / HOUR_MS) * HOUR_MS).toISOString().slice(0, 19).replace("T", " ");

const select = (table: string, keys: ReadonlyArray<string>, sums: ReadonlyArray<string>) =>
  `SELECT [${keys.map((key) => `toString(${key})`).join(", ")}], [${sums.map((sum) => `sum(${sum})`).join(", ")}],
     uniqMerge(unique_visitors), uniqIfMerge(unique_sessions)
   FROM ${table} GROUP BY ${keys.join(", ")} FORMAT JSONCompactEachRow`;

/** The rollups by their definition, told independently of the views. */
export const rollupRules: ReadonlyArray<RollupRule> = [
  {
    table: "daily_widget_stats",
    measures: 2,
    of: (row) => {
      const adds = row.isBot ? undefined : widgetAdds(row.event_type);
      if (adds === undefined) return undefined;
      const { site_id, mapping_id, post_id, device_slug, source } = row;
      return {
        key: bucketKey("default", site_id, dayOf(row.occurredAtMs), mapping_id, post_id, device_slug, source),
        adds,
      };
    },
    sql: select(
      "daily_widget_stats",
      ["project_id", "site_id", "date", "mapping_id", "post_id", "device_slug", "source"],
      ["impressions", "clicks"],
    ),
  },
  {
    table: "daily_post_stats",
    measures: 2,
    of: (row) => {
      const adds = row.isBot ? undefined : widgetAdds(row.event_type);
      if (adds === undefined) return undefined;
      return {
        key: bucketKey("default", row.site_id, dayOf(row.occurredAtMs), row.post_id, row.source),
        adds,
      };
    },
    sql: select(
      "daily_post_stats",
      ["project_id", "site_id", "date", "post_id", "source"],
      ["widget_impressions", "widget_clicks"],
    ),
  },
  {
    table: "hourly_event_stats",
    measures: 1,
    of: (row) =>
      row.isBot
        ? undefined
        : {
            key: bucketKey("default", row.site_id, hourOf(row.occurredAtMs), row.event_type, row.source),
            adds: [1],
          },
    sql: select("hourly_event_stats", ["project_id", "site_id", "hour", "event_type", "source"], ["events"]),
  },
];

/** Counts rows one by one into the buckets of a rollup. */
export class Recount {
  readonly rule: RollupRule;
  readonly #buckets = new Map<string, Counting>();

  constructor(rule: RollupRule) {
    this.rule = rule;
  }

  add(row: StoredRow): void {
    const found = this.rule.of(row);
    if (found === undefined) return;
    let bucket = this.#buckets.get(found.key);
    if (bucket === undefined) {
      bucket = {
        sums: found.adds.map(() => 0),
        visitors: new Set(),
        sessions: new Set(),
        batches: new Map(),
      };
      this.#buckets.set(found.key, bucket);
    }
    for (const [i, add] of found.adds.entries()) bucket.sums[i] = (bucket.sums[i] ?? 0) + add;
    bucket.visitors.add(row.visitor_id);
    bucket.sessions.add(row.session_id);
    bucket.batches.set(row.batch, (bucket.batches.get(row.batch) ?? 0) + 1);
  }

  keys(): Iterable<string> {
    return this.#buckets.keys();
  }

  bucket(key: string): Bucket {
    const counting = this.#buckets.get(key);
    return {
      key,
      sums: counting?.sums ?? Array.from({ length: this.rule.measures }, () => 0),
      visitors: counting?.visitors.size ?? 0,
      sessions: counting?.sessions.size ?? 0,
    };
  }

  /** The batches that have so many rows in a bucket: which of them is missing or there twice. */
  batchesWith(key: string, rows: number): ReadonlyArray<number> {
    const counting = this.#buckets.get(key);
    return [...(counting?.batches ?? [])].flatMap(([batch, count]) => (count === rows ? [batch] : []));
  }
}
