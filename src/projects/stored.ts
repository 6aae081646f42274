import { Effect, Schema } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import type { KeptTable } from "../store/kept-table.ts";
import { timeText } from "../store/time-text.ts";
import type { Key, KeyKind } from "./key.ts";
import {
  defaultPrivacy,
  type PrivacySettings,
  shownPrivacy,
  signalAnswers,
  visitorRules,
} from "./privacy.ts";
import type { Project } from "./project.ts";
import { instanceRetention, type ProjectRetention } from "./retention.ts";

interface ProjectRow {
  readonly project_id: string;
  readonly name: string;
  readonly origins: ReadonlyArray<string>;
  readonly timezone: string;
  readonly settings: string;
  readonly created_ms: number;
  readonly updated_ms: number;
  readonly is_deleted: boolean;
  readonly version: number;
}

const usual = shownPrivacy(defaultPrivacy);
const texts = (fallback: ReadonlyArray<string>) =>
  Schema.optionalWith(Schema.Array(Schema.String), { default: () => fallback });
const signal = (fallback: (typeof signalAnswers)[number]) =>
  Schema.optionalWith(Schema.Literal(...signalAnswers), { default: () => fallback });

const StoredPrivacy = Schema.Struct({
  visitors: Schema.optionalWith(Schema.Literal(...visitorRules), { default: () => usual.visitors }),
  do_not_track: signal(usual.do_not_track),
  global_privacy_control: signal(usual.global_privacy_control),
  excluded_addresses: texts(usual.excluded_addresses),
  excluded_paths: texts(usual.excluded_paths),
  excluded_query_parameters: texts(usual.excluded_query_parameters),
  store_user_agent: Schema.optionalWith(Schema.Boolean, { default: () => usual.store_user_agent }),
});

const length = Schema.optionalWith(Schema.NullOr(Schema.Number), { default: () => null });
const instant = Schema.optionalWith(Schema.Number, { default: () => 0 });

/** Times are ms since 1970. */
const StoredRetention = Schema.Struct({
  raw_days: length,
  rollup_years: length,
  changed_at: instant,
  raw_gone: instant,
  rollups_gone: instant,
});

const storedRetention = (retention: ProjectRetention): typeof StoredRetention.Type => ({
  raw_days: retention.rawDays ?? null,
  rollup_years: retention.rollupYears ?? null,
  changed_at: retention.changedAtMs,
  raw_gone: retention.rawGoneMs,
  rollups_gone: retention.rollupsGoneMs,
});

const toRetention = (stored: typeof StoredRetention.Type): ProjectRetention => ({
  rawDays: stored.raw_days ?? undefined,
  rollupYears: stored.rollup_years ?? undefined,
  changedAtMs: stored.changed_at,
  rawGoneMs: stored.raw_gone,
  rollupsGoneMs: stored.rollups_gone,
});

/** What stands in the column `settings`; a row of an older release may have less. */
const StoredSettings = Schema.parseJson(
  Schema.Struct({
    allow_missing_origin: Schema.optionalWith(Schema.Boolean, { default: () => false }),
    privacy: Schema.optionalWith(StoredPrivacy, { default: () => usual }),
    retention: Schema.optionalWith(StoredRetention, { default: () => storedRetention(instanceRetention) }),
  }),
);
const readSettings = Schema.decodeUnknownSync(StoredSettings);
const writeSettings = Schema.encodeSync(StoredSettings);

const toPrivacy = (stored: typeof StoredPrivacy.Type): PrivacySettings => ({
  visitors: stored.visitors,
  doNotTrack: stored.do_not_track,
  globalPrivacyControl: stored.global_privacy_control,
  excludedAddresses: stored.excluded_addresses,
  excludedPaths: stored.excluded_paths,
  excludedQueryParameters: stored.excluded_query_parameters,
  storesUserAgent: stored.store_user_agent,
});

const toProject = (row: ProjectRow): Project => {
  const settings = readSettings(row.settings);
  return {
    id: row.project_id,
    name: row.name,
    origins: row.origins.includes("*") ? "*" : new Set(row.origins),
    timezone: row.timezone,
    allowsMissingOrigin: settings.allow_missing_origin,
    privacy: toPrivacy(settings.privacy),
    retention: toRetention(settings.retention),
    createdAtMs: row.created_ms,
    updatedAtMs: row.updated_ms,
    isDeleted: row.is_deleted,
    version: row.version,
  };
};

export const projectsTable: KeptTable<ProjectRow, Project> = {
  name: "projects",
  select: `SELECT project_id, name, origins, timezone, settings, toUnixTimestamp64Milli(created_at) AS created_ms,
      toUnixTimestamp64Milli(updated_at) AS updated_ms, is_deleted, version
    FROM projects FINAL ORDER BY project_id`,
  entityOf: toProject,
  idOf: ({ id }) => id,
  columns: {
    project_id: ({ id }) => id,
    name: ({ name }) => name,
    origins: ({ origins }) => (origins === "*" ? ["*"] : [...origins]),
    timezone: ({ timezone }) => timezone,
    settings: ({ allowsMissingOrigin, privacy, retention }) =>
      writeSettings({
        allow_missing_origin: allowsMissingOrigin,
        privacy: shownPrivacy(privacy),
        retention: storedRetention(retention),
      }),
    created_at: ({ createdAtMs }) => timeText(createdAtMs),
    updated_at: ({ updatedAtMs }) => timeText(updatedAtMs),
    is_deleted: ({ isDeleted }) => isDeleted,
    version: ({ version }) => version,
  },
};

interface KeyRow {
  readonly project_id: string;
  readonly key_id: string;
  readonly kind: KeyKind;
  readonly label: string;
  readonly key: string;
  readonly digest: string;
  readonly preview: string;
  readonly created_ms: number;
  readonly expires_ms: number;
  readonly is_revoked: boolean;
  readonly version: number;
}

export const keysTable: KeptTable<KeyRow, Key> = {
  name: "api_keys",
  select: `SELECT project_id, key_id, kind, label, key, digest, preview, toUnixTimestamp64Milli(created_at) AS created_ms,
      toUnixTimestamp64Milli(expires_at) AS expires_ms, is_revoked, version
    FROM api_keys FINAL ORDER BY key_id`,
  entityOf: (row) => ({
    id: row.key_id,
    project: row.project_id,
    kind: row.kind,
    label: row.label,
    text: row.key,
    digest: row.digest,
    preview: row.preview,
    createdAtMs: row.created_ms,
    expiresAtMs: row.expires_ms === 0 ? undefined : row.expires_ms,
    isRevoked: row.is_revoked,
    version: row.version,
  }),
  idOf: ({ id }) => id,
  columns: {
    project_id: ({ project }) => project,
    key_id: ({ id }) => id,
    kind: ({ kind }) => kind,
    label: ({ label }) => label,
    key: ({ text }) => text,
    digest: ({ digest }) => digest,
    preview: ({ preview }) => preview,
    created_at: ({ createdAtMs }) => timeText(createdAtMs),
    expires_at: ({ expiresAtMs }) => timeText(expiresAtMs ?? 0),
    is_revoked: ({ isRevoked }) => isRevoked,
    version: ({ version }) => version,
  },
};

/** When keys were last used, in ms since 1970, by id. */
export const readKeyUses = (ids: ReadonlyArray<string>) =>
  Effect.flatMap(ClickHouse, (clickhouse) =>
    Effect.map(
      clickhouse.query<{ key_id: string; used_ms: number }>(
        `SELECT key_id, toUnixTimestamp64Milli(max(used_at)) AS used_ms FROM api_key_uses
         WHERE key_id IN {ids:Array(String)} GROUP BY key_id`,
        { ids },
      ),
      (rows) => new Map(rows.map(({ key_id, used_ms }) => [key_id, used_ms])),
    ),
  );

export const writeKeyUses = (uses: ReadonlyMap<string, number>) =>
  Effect.flatMap(ClickHouse, (clickhouse) =>
    clickhouse.insertRows({
      table: "api_key_uses",
      columns: ["key_id", "used_at"],
      rows: Buffer.from([...uses].map(([id, usedMs]) => JSON.stringify([id, timeText(usedMs)])).join("\n")),
      token: `uses ${crypto.randomUUID()}`,
    }),
  );
