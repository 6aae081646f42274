import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One file of `sql/migrations`: one purpose, up only, every statement repeatable, never edited after release. */
export interface Migration {
  /** The file's name without its ending, for example `0001_events`. */
  readonly name: string;
  /** SHA-256 of the file, hexadecimal. */
  readonly checksum: string;
  readonly statements: ReadonlyArray<string>;
}

export const migrationsDirectory = join(import.meta.dir, "../../sql/migrations");

// A statement ends with a semicolon at the end of a line; comments stand on lines of their own.
const statementsOf = (sql: string): ReadonlyArray<string> =>
  sql
    .replaceAll(/^\s*--.*$/gm, "")
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");

/** The migrations of a directory in the order they are applied. Throws on a file whose name has no place in it. */
export const readMigrations = (directory = migrationsDirectory): ReadonlyArray<Migration> =>
  readdirSync(directory)
    .sort()
    .map((file) => {
      if (!/^\d{4}_[a-z0-9_]+\.sql$/.test(file)) {
        throw new Error(`${file} in ${directory} is not named like 0001_what_it_makes.sql`);
      }
      const sql = readFileSync(join(directory, file), "utf8");
      return {
        name: file.slice(0, -".sql".length),
        checksum: createHash("sha256").update(sql).digest("hex"),
        statements: statementsOf(sql),
      };
    });
