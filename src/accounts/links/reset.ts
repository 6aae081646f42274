import type { KeptTable } from "../../store/kept-table.ts";
import { timeText } from "../../store/time-text.ts";

/** A link by which whoever has it chooses a new password of an account, once. */
export interface Reset {
  /** A ULID; not what is in the link. */
  readonly id: string;
  readonly account: string;
  /** SHA-256 of the token in the link, in hexadecimal digits. */
  readonly digest: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** Used, or another one took its place. */
  readonly isClosed: boolean;
  readonly version: number;
}

interface ResetRow {
  readonly invite_id: string;
  readonly account_id: string;
  readonly digest: string;
  readonly created_ms: number;
  readonly expires_ms: number;
  readonly is_closed: boolean;
  readonly version: number;
}

/** In place of a role, of which none has this name. */
export const RESET = "reset";

/** They stand among the invitations: one into an account instead of a project, with its id in place of an address. */
export const resetsTable: KeptTable<ResetRow, Reset> = {
  name: "project_invites",
  select: `SELECT invite_id, email AS account_id, digest, toUnixTimestamp64Milli(created_at) AS created_ms,
      toUnixTimestamp64Milli(expires_at) AS expires_ms, is_closed, version
    FROM project_invites FINAL WHERE project_id = '' AND role = '${RESET}' ORDER BY invite_id`,
  entityOf: (row) => ({
    id: row.invite_id,
    account: row.account_id,
    digest: row.digest,
    createdAtMs: row.created_ms,
    expiresAtMs: row.expires_ms,
    isClosed: row.is_closed,
    version: row.version,
  }),
  idOf: ({ id }) => id,
  columns: {
    project_id: () => "",
    invite_id: ({ id }) => id,
    email: ({ account }) => account,
    role: () => RESET,
    digest: ({ digest }) => digest,
    created_at: ({ createdAtMs }) => timeText(createdAtMs),
    expires_at: ({ expiresAtMs }) => timeText(expiresAtMs),
    is_closed: ({ isClosed }) => isClosed,
    version: ({ version }) => version,
  },
};
