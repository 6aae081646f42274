import type { KeptTable } from "../../store/kept-table.ts";
import { timeText } from "../../store/time-text.ts";
import type { Role } from "../role.ts";
import { RESET } from "./reset.ts";

/** A link that makes whoever takes it a member of a project, once. */
export interface Invite {
  /** A ULID; not what is in the link. */
  readonly id: string;
  readonly project: string;
  /** Whose account alone may take it; "" for anybody's. */
  readonly email: string;
  readonly role: Role;
  /** SHA-256 of the token in the link, in hexadecimal digits. */
  readonly digest: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** Taken or revoked. */
  readonly isClosed: boolean;
  readonly version: number;
}

interface InviteRow {
  readonly invite_id: string;
  readonly project_id: string;
  readonly email: string;
  readonly role: Role;
  readonly digest: string;
  readonly created_ms: number;
  readonly expires_ms: number;
  readonly is_closed: boolean;
  readonly version: number;
}

export const invitesTable: KeptTable<InviteRow, Invite> = {
  name: "project_invites",
  select: `SELECT invite_id, project_id, email, role, digest, toUnixTimestamp64Milli(created_at) AS created_ms,
      toUnixTimestamp64Milli(expires_at) AS expires_ms, is_closed, version
    FROM project_invites FINAL WHERE role != '${RESET}' ORDER BY invite_id`,
  entityOf: (row) => ({
    id: row.invite_id,
    project: row.project_id,
    email: row.email,
    role: row.role,
    digest: row.digest,
    createdAtMs: row.created_ms,
    expiresAtMs: row.expires_ms,
    isClosed: row.is_closed,
    version: row.version,
  }),
  idOf: ({ id }) => id,
  columns: {
    invite_id: ({ id }) => id,
    project_id: ({ project }) => project,
    email: ({ email }) => email,
    role: ({ role }) => role,
    digest: ({ digest }) => digest,
    created_at: ({ createdAtMs }) => timeText(createdAtMs),
    expires_at: ({ expiresAtMs }) => timeText(expiresAtMs),
    is_closed: ({ isClosed }) => isClosed,
    version: ({ version }) => version,
  },
};
