import { Effect, Schema } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
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

/** What stands in the column `settings`; a row of an older release may have less. */
const StoredSettings = Schema.parseJson(
  Schema.Struct({
    allow_missing_origin: Schema.optionalWith(Schema.Boolean, { default: () => false }),
    privacy: Schema.optionalWith(StoredPrivacy, { default: () => usual }),
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
    createdAtMs: row.created_ms,
    updatedAtMs: row.updated_ms,
    isDeleted: row.is_deleted,
    version: row.version,
  };
};

/** Every project that was ever made, deleted ones too. */
export const readProjects = Effect.flatMap(ClickHouse, (clickhouse) =>
  Effect.map(
    clickhouse.query<ProjectRow>(
      `SELECT project_id, name, origins, timezone, settings, toUnixTimestamp64Milli(created_at) AS created_ms,
         toUnixTimestamp64Milli(updated_at) AS updated_ms, is_deleted, version
       FROM projects FINAL ORDER BY project_id`,
    ),
    (rows) => rows.map(toProject),
  ),
);

const insert = (
  table: string,
  columns: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<unknown>>,
  token: string,
) =>
  Effect.flatMap(ClickHouse, (clickhouse) =>
    clickhouse.insertRows({
      table,
      columns,
      rows: Buffer.from(rows.map((row) => JSON.stringify(row)).join("\n")),
      token,
    }),
  );

export const writeProject = (project: Project) =>
  insert(
    "projects",
    [
      "project_id",
      "name",
      "origins",
      "timezone",
      "settings",
      "created_at",
      "updated_at",
      "is_deleted",
      "version",
    ],
    [
      [
        project.id,
        project.name,
        project.origins === "*" ? ["*"] : [...project.origins],
        project.timezone,
        writeSettings({
          allow_missing_origin: project.allowsMissingOrigin,
          privacy: shownPrivacy(project.privacy),
        }),
        timeText(project.createdAtMs),
        timeText(project.updatedAtMs),
        project.isDeleted,
        project.version,
      ],
    ],
    `project ${project.id} ${project.version}`,
  );

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

/** Every key that was ever made. */
export const readKeys = Effect.flatMap(ClickHouse, (clickhouse) =>
  Effect.map(
    clickhouse.query<KeyRow>(
      `SELECT project_id, key_id, kind, label, key, digest, preview, toUnixTimestamp64Milli(created_at) AS created_ms,
         toUnixTimestamp64Milli(expires_at) AS expires_ms, is_revoked, version
       FROM api_keys FINAL ORDER BY key_id`,
    ),
    (rows) =>
      rows.map(
        (row): Key => ({
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
      ),
  ),
);

export const writeKey = (key: Key) =>
  insert(
    "api_keys",
    [
      "project_id",
      "key_id",
      "kind",
      "label",
      "key",
      "digest",
      "preview",
      "created_at",
      "expires_at",
      "is_revoked",
      "version",
    ],
    [
      [
        key.project,
        key.id,
        key.kind,
        key.label,
        key.text,
        key.digest,
        key.preview,
        timeText(key.createdAtMs),
        timeText(key.expiresAtMs ?? 0),
        key.isRevoked,
        key.version,
      ],
    ],
    `key ${key.id} ${key.version}`,
  );

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
  insert(
    "api_key_uses",
    ["key_id", "used_at"],
    [...uses].map(([id, usedMs]) => [id, timeText(usedMs)]),
    `uses ${[...uses].map(([id, usedMs]) => `${id} ${usedMs}`).join(" ")}`.slice(0, 200),
  );
