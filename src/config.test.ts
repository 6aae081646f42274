import { describe, expect, test } from "bun:test";
import { ConfigProvider, Effect, Either, Redacted } from "effect";
import { AppSettings, describeConfigError, layerSettings, settingDescriptions, settings } from "./config.ts";

const read = (environment: Readonly<Record<string, string>>) =>
  Effect.runSync(
    Effect.either(
      Effect.withConfigProvider(settings, ConfigProvider.fromMap(new Map(Object.entries(environment)))),
    ),
  );

const taken = (environment: Readonly<Record<string, string>>) => Either.getOrThrow(read(environment));

const refused = (environment: Readonly<Record<string, string>>) =>
  describeConfigError(Either.getOrThrow(Either.flip(read(environment))));

test("without any setting everything has its default", () => {
  const { clickhousePassword, ...rest } = taken({});
  expect(Redacted.value(clickhousePassword)).toBe("");
  expect(rest).toEqual({
    port: 3000,
    host: "0.0.0.0",
    dataDir: "./data",
    clickhouseUrl: undefined,
    clickhouseDatabase: "analytics",
    clickhouseUsername: "default",
    autoMigrate: false,
    batchSize: 100_000,
    flushIntervalMs: 1000,
    maxQueueSize: 200_000,
    durability: "fsync",
    spoolMaxBytes: 2_147_483_648,
    rawRetentionDays: 90,
    rollupRetentionYears: 2,
    allowedOrigins: "*",
    requireApiKey: false,
    maxBodyBytes: 1_048_576,
    trustedProxies: "",
    rateLimitPerMinute: 1000,
    rateLimitEventsPerMinute: 60_000,
    adminApiKey: undefined,
    geoipDb: undefined,
  });
});

test("every setting has a line of the table, with a sentence and its default", () => {
  expect(settingDescriptions.map(({ name }) => name)).toEqual([
    ...["PORT", "HOST", "DATA_DIR", "CLICKHOUSE_URL", "CLICKHOUSE_DATABASE", "CLICKHOUSE_USERNAME"],
    ...["CLICKHOUSE_PASSWORD", "AUTO_MIGRATE", "BATCH_SIZE", "FLUSH_INTERVAL_MS", "MAX_QUEUE_SIZE"],
    ...["DURABILITY", "SPOOL_MAX_BYTES", "RAW_RETENTION_DAYS", "ROLLUP_RETENTION_YEARS"],
    ...["ALLOWED_ORIGINS", "REQUIRE_API_KEY", "MAX_BODY_BYTES", "TRUSTED_PROXIES"],
    ...["RATE_LIMIT_PER_MINUTE", "RATE_LIMIT_EVENTS_PER_MINUTE", "ADMIN_API_KEY", "GEOIP_DB"],
  ]);
  for (const { description, defaultText } of settingDescriptions) {
    expect(description).toMatch(/^[A-Z1].{10,}\.$/);
    expect(defaultText).not.toBe("");
  }
});

describe("a whole number has bounds", () => {
  test.each([
    ["PORT", 0, 65_535],
    ["BATCH_SIZE", 1, 100_000],
    ["FLUSH_INTERVAL_MS", 10, 60_000],
    ["MAX_QUEUE_SIZE", 500, 10_000_000],
    ["RAW_RETENTION_DAYS", 1, 3650],
    ["ROLLUP_RETENTION_YEARS", 1, 50],
    ["MAX_BODY_BYTES", 1024, 64 * 1_048_576],
    ["RATE_LIMIT_PER_MINUTE", 0, 10_000_000],
    ["RATE_LIMIT_EVENTS_PER_MINUTE", 0, 10_000_000],
  ])("%s", (name, least, most) => {
    for (const value of [least, most]) expect(Either.isRight(read({ [name]: String(value) }))).toBe(true);
    for (const value of [least - 1, most + 1, "1.5", "many", "1e3x"]) {
      expect(refused({ [name]: String(value) })).toStartWith(name);
    }
    expect(refused({ [name]: String(most + 1) })).toBe(
      `${name} takes a whole number from ${least} to ${most}`,
    );
  });
});

describe("origins", () => {
  test.each([
    ["*", "*"],
    ["https://example.org", new Set(["https://example.org"])],
    [
      " https://Example.org/ , http://localhost:8080",
      new Set(["https://example.org", "http://localhost:8080"]),
    ],
  ])("%p is taken", (value, expected) => {
    expect(taken({ ALLOWED_ORIGINS: value }).allowedOrigins).toEqual(expected as never);
  });

  test.each([
    "example.org",
    "https://example.org/path",
    "https://*.example.org",
    "https://a.org;https://b.org",
    ",",
  ])("%p is refused, and quoted", (value) => {
    expect(refused({ ALLOWED_ORIGINS: value })).toMatch(/^ALLOWED_ORIGINS takes .* not "/);
  });
});

test.each([
  ["CLICKHOUSE_URL", "ftp://example.org"],
  ["CLICKHOUSE_URL", "localhost:8123"],
  ["CLICKHOUSE_URL", "http://"],
  ["CLICKHOUSE_DATABASE", "a-b"],
  ["CLICKHOUSE_DATABASE", "1a"],
  ["CLICKHOUSE_DATABASE", "a".repeat(65)],
  ["CLICKHOUSE_DATABASE", "a`b"],
  ["AUTO_MIGRATE", "maybe"],
  ["DURABILITY", "sometimes"],
  ["SPOOL_MAX_BYTES", "1000"],
])("%s=%s is refused by its name", (name, value) => {
  expect(refused({ [name]: value })).toStartWith(name);
});

test("several wrong settings are named in one line", () => {
  const line = refused({ PORT: "x", BATCH_SIZE: "0" });
  expect(line).not.toContain("\n");
  expect(line).toMatch(/PORT/);
});

test("secrets do not show when the settings are printed", () => {
  const read = taken({ CLICKHOUSE_PASSWORD: "hush", ADMIN_API_KEY: "hush" });
  expect(`${Bun.inspect(read)}${JSON.stringify(read)}`).not.toContain("hush");
});

test("a variable that is set to nothing is unset", async () => {
  const names = settingDescriptions.map(({ name }) => name);
  const before = names.map((name) => process.env[name]);
  for (const [index, name] of names.entries()) process.env[name] = index % 2 === 0 ? "" : "  ";
  try {
    const live = await Effect.runPromise(Effect.provide(AppSettings, layerSettings));
    expect(live).toEqual(taken({}));
  } finally {
    for (const [index, name] of names.entries()) {
      const value = before[index];
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
});
