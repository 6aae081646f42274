import { Effect } from "effect";
import { AppSettings } from "../src/config.ts";
import { migrate, migrationStatus } from "../src/store/migrator.ts";
import { runScript } from "./run.ts";

const usage = `bun run migrate             apply pending migrations and the retention from the settings
bun run migrate --status    list the migrations, change nothing

Works on the embedded engine in DATA_DIR, or on the server that CLICKHOUSE_URL names.`;

const showStatus = Effect.gen(function* () {
  for (const { migration, appliedAt } of yield* migrationStatus()) {
    console.log(`${appliedAt === undefined ? "pending            " : appliedAt}  ${migration.name}`);
  }
});

const apply = Effect.gen(function* () {
  const { applied, retentionChanged } = yield* migrate(yield* AppSettings);
  for (const name of applied) console.log(`applied  ${name}`);
  for (const table of retentionChanged) console.log(`retention of ${table} set`);
  if (applied.length === 0) console.log("Nothing to apply; the database is up to date.");
});

const [argument, ...rest] = process.argv.slice(2);
if (argument === "--help" && rest.length === 0) {
  console.log(usage);
  process.exit(0);
}
if (rest.length > 0 || (argument !== undefined && argument !== "--status")) {
  console.error(usage);
  process.exit(2);
}

await runScript(argument === "--status" ? showStatus : apply);
