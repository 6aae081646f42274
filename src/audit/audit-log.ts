import { Clock, Effect } from "effect";
import { monotonicFactory } from "ulid";
import { ClickHouse } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import { timeText } from "../store/time-text.ts";

/** What people do to a project besides asking; what they do to accounts is told with the default one. */
export const auditActions = [
  "project.created",
  "project.changed",
  "project.deleted",
  "privacy.exported",
  "privacy.erased",
  "identity.unlinked",
  "identity.relinked",
  "key.created",
  "key.revoked",
  "key.rotated",
  "funnel.created",
  "funnel.replaced",
  "funnel.deleted",
  "webhook.created",
  "webhook.deleted",
  "member.added",
  "member.changed",
  "member.removed",
  "invite.created",
  "invite.revoked",
  "share.created",
  "share.revoked",
  "account.changed",
  "account.password_changed",
  "account.reset_created",
  "account.password_reset",
  "account.deleted",
] as const;
export type AuditAction = (typeof auditActions)[number];

/** An administrative act, as it is told to the log. Nothing secret goes into it. */
export interface Act {
  readonly project: string;
  /** Who did it, as `Access.actor` says. */
  readonly actor: string;
  readonly action: AuditAction;
  /** The id or name of what was changed. */
  readonly subject: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface AuditEntry extends Required<Act> {
  /** A ULID; later entries have later ones. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

const newId = monotonicFactory();

/** Writes an act down. It stands in the log for good once this succeeds. */
export const record = (act: Act): Effect.Effect<void, ClickHouseError, ClickHouse> =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const nowMs = yield* Clock.currentTimeMillis;
    const id = newId(nowMs);
    const { project, actor, action, subject, details = {} } = act;
    yield* clickhouse.insertRows({
      table: "audit_log",
      columns: ["project_id", "at", "entry_id", "actor", "action", "subject", "details"],
      rows: Buffer.from(
        JSON.stringify([project, timeText(nowMs), id, actor, action, subject, JSON.stringify(details)]),
      ),
      token: `audit ${id}`,
    });
  });

/** Does something and writes it down, whether whoever asked for it is still there or not. */
export const recorded = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  act: (done: A) => Act,
): Effect.Effect<A, E | ClickHouseError, R | ClickHouse> =>
  Effect.uninterruptible(Effect.tap(effect, (done) => record(act(done))));

interface EntryRow {
  readonly entry_id: string;
  readonly at_ms: number;
  readonly actor: string;
  readonly action: AuditAction;
  readonly subject: string;
  readonly details: string;
}

export interface AuditQuery {
  readonly project: string;
  readonly limit: number;
  /** Only entries before the one with this id. */
  readonly before: string | undefined;
}

/** Entries of a project, the newest first. */
export const auditEntries = ({
  project,
  limit,
  before,
}: AuditQuery): Effect.Effect<ReadonlyArray<AuditEntry>, ClickHouseError, ClickHouse> =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const rows = yield* clickhouse.query<EntryRow>(
      `SELECT entry_id, toUnixTimestamp64Milli(at) AS at_ms, actor, action, subject, details FROM audit_log
       WHERE project_id = {project:String} ${before === undefined ? "" : "AND entry_id < {before:String}"}
       ORDER BY entry_id DESC LIMIT {limit:UInt32}`,
      { project, limit, ...(before === undefined ? {} : { before }) },
    );
    return rows.map(({ entry_id, at_ms, actor, action, subject, details }) => ({
      id: entry_id,
      at: new Date(at_ms).toISOString(),
      project,
      actor,
      action,
      subject,
      details: JSON.parse(details) as Readonly<Record<string, unknown>>,
    }));
  });
