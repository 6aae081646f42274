import { eventColumns } from "../../store/event-row.ts";

/** `events` holds rows, the others count them and keep the highest batch number they saw, as the rollups do. */
export const tableNames = ["events", "daily", "hourly"] as const;
export type TableName = (typeof tableNames)[number];

/** A row as far as it matters here. */
export interface StoredRow {
  readonly batch: number;
  readonly project: string;
  readonly id: string;
  /** Names this row among all that carry the same id. */
  readonly copy: string;
  /** Epoch ms. */
  readonly receivedAt: number;
  readonly partition: string;
}

/** What a batch puts into one partition of one table. */
export interface Slice {
  readonly table: TableName;
  readonly partition: string;
  readonly rows: ReadonlyArray<StoredRow>;
}

/** Of this type are events that the engine does not take until it is cured. */
export const POISON = "poison";

const places = new Map(eventColumns.map((name, place) => [name, place]));

/** Encoded rows, read; `isPoisoned` where one of them is poison. */
export const readRows = (
  text: string | Buffer,
): { readonly rows: ReadonlyArray<StoredRow>; readonly isPoisoned: boolean } => {
  let isPoisoned = false;
  const rows = text
    .toString()
    .trimEnd()
    .split("\n")
    .map((line): StoredRow => {
      const values = JSON.parse(line) as ReadonlyArray<unknown>;
      const value = (column: (typeof eventColumns)[number]) => values[places.get(column) ?? -1];
      if (value("event_type") === POISON) isPoisoned = true;
      return {
        batch: Number(value("batch")),
        project: String(value("project_id")),
        id: String(value("event_id")),
        copy: String(value("page_title")).split(" ", 1)[0] ?? "",
        receivedAt: Number(value("received_at")),
        partition: new Date(Number(value("occurred_at"))).toISOString().slice(0, 7),
      };
    });
  return { rows, isPoisoned };
};

interface Partition {
  readonly rows: Array<StoredRow>;
  watermark: number;
}

/** Tables of which each takes a slice as a whole or not at all. */
export class SimulatedTables {
  readonly #partitions = new Map<string, Partition>();

  #partition(table: TableName, partition: string): Partition {
    const name = `${table} ${partition}`;
    const there = this.#partitions.get(name);
    if (there !== undefined) return there;
    const made: Partition = { rows: [], watermark: 0 };
    this.#partitions.set(name, made);
    return made;
  }

  /** What the views make of rows: a slice for every table and partition. */
  slices(rows: ReadonlyArray<StoredRow>): ReadonlyArray<Slice> {
    const partitions = [...new Set(rows.map(({ partition }) => partition))];
    return tableNames.flatMap((table) =>
      partitions.map((partition) => ({
        table,
        partition,
        rows: rows.filter((row) => row.partition === partition),
      })),
    );
  }

  write({ table, partition, rows }: Slice): void {
    const target = this.#partition(table, partition);
    target.rows.push(...rows);
    target.watermark = Math.max(target.watermark, ...rows.map(({ batch }) => batch));
  }

  /** Whether the batch has reached the partition, as far as the table can tell. */
  hasReached(batch: number, { table, partition }: Slice): boolean {
    const { rows, watermark } = this.#partition(table, partition);
    return table === "events" ? rows.some((row) => row.batch === batch) : watermark >= batch;
  }

  get latestBatch(): number {
    return Math.max(0, ...[...this.#partitions.values()].map(({ watermark }) => watermark));
  }

  /** How often each copy is in a table. */
  copies(table: TableName): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { copy } of this.rows(table)) counts.set(copy, (counts.get(copy) ?? 0) + 1);
    return counts;
  }

  rows(table: TableName): ReadonlyArray<StoredRow> {
    return [...this.#partitions].flatMap(([name, { rows }]) => (name.startsWith(`${table} `) ? rows : []));
  }
}
