import type { KeptTable } from "../../store/kept-table.ts";
import { timeText } from "../../store/time-text.ts";
import type { Role } from "../role.ts";

/** What an account may do in a project. */
export interface Member {
  readonly project: string;
  readonly account: string;
  readonly role: Role;
  readonly addedAtMs: number;
  readonly isRemoved: boolean;
  readonly version: number;
}

interface MemberRow {
  readonly project_id: string;
  readonly account_id: string;
  readonly role: Role;
  readonly added_ms: number;
  readonly is_removed: boolean;
  readonly version: number;
}

/** Neither of the ids has a blank in it. */
export const memberId = (project: string, account: string): string => `${project} ${account}`;

export const membersTable: KeptTable<MemberRow, Member> = {
  name: "project_members",
  select: `SELECT project_id, account_id, role, toUnixTimestamp64Milli(added_at) AS added_ms, is_removed, version
    FROM project_members FINAL ORDER BY project_id, account_id`,
  entityOf: (row) => ({
    project: row.project_id,
    account: row.account_id,
    role: row.role,
    addedAtMs: row.added_ms,
    isRemoved: row.is_removed,
    version: row.version,
  }),
  idOf: ({ project, account }) => memberId(project, account),
  columns: {
    project_id: ({ project }) => project,
    account_id: ({ account }) => account,
    role: ({ role }) => role,
    added_at: ({ addedAtMs }) => timeText(addedAtMs),
    is_removed: ({ isRemoved }) => isRemoved,
    version: ({ version }) => version,
  },
};
