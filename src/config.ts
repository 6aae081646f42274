import { Config, ConfigError, ConfigProvider, Context, Effect, Either, Layer, Redacted } from "effect";
import { canonicalOrigin } from "./domain/origin.ts";

/** One line of the settings table: what `--help` and the README print. */
export interface SettingDescription {
  readonly name: string;
  readonly defaultText: string;
  readonly description: string;
}

const described: Array<SettingDescription> = [];

/** Every setting in the order of the table. */
export const settingDescriptions: ReadonlyArray<SettingDescription> = described;

const describe = (name: string, defaultText: string, description: string) => {
  described.push({ name, defaultText, description });
  return name;
};

const wholeNumber = (name: string, fallback: number, minimum: number, maximum: number, description: string) =>
  Config.integer(describe(name, String(fallback), description)).pipe(
    Config.withDefault(fallback),
    Config.validate({
      message: `${name} takes a whole number from ${minimum} to ${maximum}`,
      validation: (n) => n >= minimum && n <= maximum,
    }),
    Config.withDescription(description),
  );

const text = (name: string, fallback: string, description: string) =>
  Config.string(describe(name, fallback === "" ? "none" : fallback, description)).pipe(
    Config.withDefault(fallback),
    Config.map((value) => value.trim()),
    Config.withDescription(description),
  );

const optionalText = (name: string, unsetMeans: string, description: string) =>
  Config.string(describe(name, unsetMeans, description)).pipe(
    Config.withDefault(""),
    Config.map((value) => (value.trim() === "" ? undefined : value.trim())),
    Config.withDescription(description),
  );

const oneOf = <const T extends string>(
  name: string,
  values: readonly [T, ...ReadonlyArray<T>],
  description: string,
) =>
  Config.string(describe(name, values[0], description)).pipe(
    Config.withDefault(values[0]),
    Config.mapOrFail((value) => {
      const known = values.find((one) => one === value.trim().toLowerCase());
      return known === undefined
        ? Either.left(ConfigError.InvalidData([name], `${name} takes ${values.join(", ")}`))
        : Either.right(known);
    }),
    Config.withDescription(description),
  );

const flag = (name: string, description: string) =>
  Config.boolean(describe(name, "0", description)).pipe(
    Config.withDefault(false),
    Config.withDescription(description),
  );

const httpUrl = (name: string, unsetMeans: string, description: string) =>
  optionalText(name, unsetMeans, description).pipe(
    Config.mapOrFail((value) =>
      value === undefined || (/^https?:/.test(value) && URL.canParse(value))
        ? Either.right(value)
        : Either.left(ConfigError.InvalidData([name], `${name} takes an http(s) URL`)),
    ),
  );

/** `*`, or the set of origins in their canonical form. */
export type AllowedOrigins = "*" | ReadonlySet<string>;

const origins = (name: string, description: string) =>
  text(name, "*", description).pipe(
    Config.mapOrFail((value): Either.Either<AllowedOrigins, ConfigError.ConfigError> => {
      if (value === "*") return Either.right("*");
      const entries = value.split(",");
      const bad = entries.find((entry) => canonicalOrigin(entry) === undefined);
      return bad === undefined
        ? Either.right(new Set(entries.flatMap((entry) => canonicalOrigin(entry) ?? [])))
        : Either.left(
            ConfigError.InvalidData(
              [name],
              `${name} takes * or origins such as https://example.org, not ${JSON.stringify(bad.trim())}`,
            ),
          );
    }),
  );

/** Every setting of the service, read from the environment once at start. */
export const settings = Config.all({
  port: wholeNumber("PORT", 3000, 0, 65535, "Port to listen on; 0 takes a free one."),
  host: text("HOST", "0.0.0.0", "Address to listen on."),
  dataDir: text(
    "DATA_DIR",
    "./data",
    "Directory of everything Footfall keeps. One running process per directory.",
  ),
  clickhouseUrl: httpUrl(
    "CLICKHOUSE_URL",
    "embedded",
    "A ClickHouse server's HTTP address. Unset: ClickHouse runs embedded, in `DATA_DIR/clickhouse`.",
  ),
  clickhouseDatabase: text(
    "CLICKHOUSE_DATABASE",
    "analytics",
    "Database to use; made by the migrations.",
  ).pipe(
    Config.validate({
      message: "CLICKHOUSE_DATABASE takes letters, digits and _",
      validation: (name) => /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name),
    }),
  ),
  clickhouseUsername: text("CLICKHOUSE_USERNAME", "default", "User on the ClickHouse server."),
  clickhousePassword: optionalText("CLICKHOUSE_PASSWORD", "none", "Password on the ClickHouse server.").pipe(
    Config.map((value) => Redacted.make(value ?? "")),
  ),
  autoMigrate: flag(
    "AUTO_MIGRATE",
    "1: apply pending migrations to a ClickHouse server at start (embedded: always).",
  ),
  batchSize: wholeNumber("BATCH_SIZE", 100_000, 1, 100_000, "Most events in one insert."),
  flushIntervalMs: wholeNumber(
    "FLUSH_INTERVAL_MS",
    1000,
    10,
    60_000,
    "Longest time an event waits for its batch, in milliseconds.",
  ),
  maxQueueSize: wholeNumber(
    "MAX_QUEUE_SIZE",
    200_000,
    500,
    10_000_000,
    "Most events waiting in memory for their commit (one of several KiB counts as several); beyond it senders get 503 and try again.",
  ),
  durability: oneOf(
    "DURABILITY",
    ["fsync", "process", "none"],
    "What an answered event survives: `fsync` a power loss, `process` a crash of Footfall, `none` neither (it waits in memory).",
  ),
  spoolMaxBytes: wholeNumber(
    "SPOOL_MAX_BYTES",
    2 * 1024 * 1_048_576,
    1_048_576,
    Number.MAX_SAFE_INTEGER,
    "Most bytes of events that wait in `DATA_DIR/spool` until ClickHouse has them; beyond it senders get 503 and try again.",
  ),
  rawRetentionDays: wholeNumber("RAW_RETENTION_DAYS", 90, 1, 3650, "Days that raw events are kept."),
  rollupRetentionYears: wholeNumber("ROLLUP_RETENTION_YEARS", 2, 1, 50, "Years that rollups are kept."),
  allowedOrigins: origins(
    "ALLOWED_ORIGINS",
    "Origins whose pages may send events to the default project: `*` or a comma-separated list.",
  ),
  requireApiKey: flag(
    "REQUIRE_API_KEY",
    "1: events need a key of a project. 0: the default project takes those that come without one.",
  ),
  maxBodyBytes: wholeNumber(
    "MAX_BODY_BYTES",
    1_048_576,
    1024,
    64 * 1_048_576,
    "Largest request body, after decompression.",
  ),
  trustedProxies: text(
    "TRUSTED_PROXIES",
    "",
    "Addresses or networks (`10.0.0.0/8`, `loopback`, `private`) whose forwarded headers are believed.",
  ),
  rateLimitPerMinute: wholeNumber(
    "RATE_LIMIT_PER_MINUTE",
    1000,
    0,
    10_000_000,
    "Most requests with events a minute, for each key and client address; 0: no limit.",
  ),
  rateLimitEventsPerMinute: wholeNumber(
    "RATE_LIMIT_EVENTS_PER_MINUTE",
    60_000,
    0,
    10_000_000,
    "Most events a minute, for each key and client address; 0: no limit.",
  ),
  adminApiKey: optionalText(
    "ADMIN_API_KEY",
    "made at first start",
    "Key for the reading routes. Unset: made once and kept in `DATA_DIR/admin.key`.",
  ).pipe(Config.map((key) => (key === undefined ? undefined : Redacted.make(key)))),
  geoipDb: optionalText(
    "GEOIP_DB",
    "built-in countries",
    "A MaxMind City or Country file. Unset: the free country table that comes with Footfall.",
  ),
});

export type Settings = Config.Config.Success<typeof settings>;

/** The settings as a service, so that a test can stand in its own. */
export class AppSettings extends Context.Tag("footfall/AppSettings")<AppSettings, Settings>() {}

// A variable set to nothing (`DATA_DIR=` in an env file, `${PORT:-}` in a compose file) means unset.
const environment = (): ConfigProvider.ConfigProvider =>
  ConfigProvider.fromMap(
    new Map(
      Object.entries(process.env).filter(
        (entry): entry is [string, string] => entry[1] !== undefined && entry[1].trim() !== "",
      ),
    ),
  );

/** Reads the environment; a bad value fails with the setting's name and what it takes. */
export const layerSettings = Layer.effect(
  AppSettings,
  Effect.suspend(() => Effect.withConfigProvider(settings, environment())),
);

/** What is wrong with the settings, in one line that names each wrong one. */
export const describeConfigError = (error: ConfigError.ConfigError): string => {
  if (error._op === "And" || error._op === "Or") {
    return `${describeConfigError(error.left)}; ${describeConfigError(error.right)}`;
  }
  const name = error.path.join("_");
  return error.message.startsWith(name) ? error.message : `${name}: ${error.message}`;
};

/** One line for the operator about whatever kept a command from running. */
export const describeFailure = (error: unknown): string => {
  if (ConfigError.isConfigError(error)) return `A setting is wrong: ${describeConfigError(error)}`;
  return error instanceof Error ? error.message : String(error);
};
