import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMigrations } from "./migrations.ts";

const repeatable =
  /^(CREATE (TABLE|MATERIALIZED VIEW|VIEW|DICTIONARY|FUNCTION) IF NOT EXISTS |CREATE OR REPLACE |DROP \w+( \w+)? IF EXISTS |ALTER TABLE \S+ (ADD (COLUMN|INDEX|PROJECTION) IF NOT EXISTS|(DROP|MODIFY|RENAME|COMMENT) (COLUMN|INDEX|PROJECTION) IF EXISTS|MODIFY (SETTING|QUERY|COMMENT|ORDER BY)|MATERIALIZE INDEX) )/;

/** Tables whose measures come to the same however often a row is added. */
const refillable = /^INSERT INTO daily_identities /;

const directories: Array<string> = [];
afterAll(() => directories.forEach((directory) => void rmSync(directory, { recursive: true })));

const directoryWith = (files: Readonly<Record<string, string>>): string => {
  const directory = mkdtempSync(join(tmpdir(), "footfall-migrations-"));
  directories.push(directory);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
};

const migrations = readMigrations();

test("numbers are unique and without gaps, so that two branches cannot take the same one unseen", () => {
  expect(migrations.map(({ name }) => Number(name.slice(0, 4)))).toEqual(
    migrations.map((_, index) => index + 1),
  );
});

for (const { name, statements } of migrations) {
  test(`every statement of ${name} can be repeated`, () => {
    expect(statements.length).toBeGreaterThan(0);
    for (const statement of statements) {
      if (!refillable.test(statement)) expect(statement).toMatch(repeatable);
    }
  });
}

test("a file is cut into its statements; comments and semicolons inside a line stay out of the way", () => {
  const directory = directoryWith({
    "0002_second.sql": "CREATE TABLE IF NOT EXISTS b (s String DEFAULT ';') ENGINE = Null",
    "0001_first.sql":
      "-- why; and so on;\nCREATE TABLE IF NOT EXISTS a\n(n UInt8)\nENGINE = Null;\n\n  -- more\nSELECT 'x;y';  \n",
  });
  expect(readMigrations(directory).map(({ name, statements }) => ({ name, statements }))).toEqual([
    {
      name: "0001_first",
      statements: ["CREATE TABLE IF NOT EXISTS a\n(n UInt8)\nENGINE = Null", "SELECT 'x;y'"],
    },
    {
      name: "0002_second",
      statements: ["CREATE TABLE IF NOT EXISTS b (s String DEFAULT ';') ENGINE = Null"],
    },
  ]);
});

test("the checksum follows every byte of the file", () => {
  const checksum = (sql: string) => readMigrations(directoryWith({ "0001_a.sql": sql }))[0]?.checksum;
  expect(checksum("SELECT 1;")).toBe(checksum("SELECT 1;"));
  expect(checksum("SELECT 1;")).not.toBe(checksum("SELECT 1; "));
  expect(checksum("SELECT 1;")).toMatch(/^[0-9a-f]{64}$/);
});

test("a file without a place in the order is refused by name", () => {
  for (const file of ["1_short.sql", "0001-dash.sql", "0001_Upper.sql", "notes.md", "0001_copy.sql~"]) {
    expect(() => readMigrations(directoryWith({ [file]: "SELECT 1;" }))).toThrow(file);
  }
});
