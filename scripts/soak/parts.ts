import { readdirSync } from "node:fs";
import { join } from "node:path";

interface Part {
  readonly partition: string;
  readonly first: number;
  readonly last: number;
  readonly level: number;
}

// 202611_12_40_2 covers the blocks 12 to 40 of its partition, merged twice at most.
const partOf = (name: string): Part | undefined => {
  const match = /^([^_]+)_(\d+)_(\d+)_(\d+)(?:_\d+)?$/.exec(name);
  if (match === null) return undefined;
  const [, partition = "", first, last, level] = match;
  return { partition, first: Number(first), last: Number(last), level: Number(level) };
};

const covers = (one: Part, other: Part): boolean =>
  one !== other &&
  one.partition === other.partition &&
  one.first <= other.first &&
  one.last >= other.last &&
  one.level > other.level;

/** Parts of a table that no other part has replaced; a merge keeps its sources for some minutes. */
const activeParts = (directory: string): number => {
  const parts = readdirSync(directory)
    .map(partOf)
    .filter((part) => part !== undefined);
  return parts.filter((part) => !parts.some((other) => covers(other, part))).length;
};

/** Active parts by table, of the embedded engine in a data directory, as its files show them. */
export const partsOf = (dataDir: string): ReadonlyMap<string, number> => {
  const database = join(dataDir, "clickhouse", "data", "analytics");
  const parts = readdirSync(database).map((table) => [table, activeParts(join(database, table))] as const);
  return new Map(parts.filter(([, count]) => count > 0));
};
