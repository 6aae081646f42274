import type { KeptTable } from "../../store/kept-table.ts";
import { timeText } from "../../store/time-text.ts";

/** A link by which anybody who has it reads the numbers of a project. */
export interface Share {
  /** A ULID; not what is in the link. */
  readonly id: string;
  readonly project: string;
  readonly name: string;
  /** SHA-256 of the token in the link, in hexadecimal digits. */
  readonly digest: string;
  /** SHA-256 of what is made of the password, in hexadecimal digits; "" for a link without one. */
  readonly proofDigest: string;
  readonly createdAtMs: number;
  /** Undefined for one that does not expire. */
  readonly expiresAtMs: number | undefined;
  readonly isRevoked: boolean;
  readonly version: number;
}

interface ShareRow {
  readonly share_id: string;
  readonly project_id: string;
  readonly name: string;
  readonly digest: string;
  readonly proof_digest: string;
  readonly created_ms: number;
  readonly expires_ms: number;
  readonly is_revoked: boolean;
  readonly version: number;
}

export const sharesTable: KeptTable<ShareRow, Share> = {
  name: "project_shares",
  select: `SELECT share_id, project_id, name, digest, proof_digest, toUnixTimestamp64Milli(created_at) AS created_ms,
      toUnixTimestamp64Milli(expires_at) AS expires_ms, is_revoked, version
    FROM project_shares FINAL ORDER BY share_id`,
  entityOf: (row) => ({
    id: row.share_id,
    project: row.project_id,
    name: row.name,
    digest: row.digest,
    proofDigest: row.proof_digest,
    createdAtMs: row.created_ms,
    expiresAtMs: row.expires_ms === 0 ? undefined : row.expires_ms,
    isRevoked: row.is_revoked,
    version: row.version,
  }),
  idOf: ({ id }) => id,
  columns: {
    share_id: ({ id }) => id,
    project_id: ({ project }) => project,
    name: ({ name }) => name,
    digest: ({ digest }) => digest,
    proof_digest: ({ proofDigest }) => proofDigest,
    created_at: ({ createdAtMs }) => timeText(createdAtMs),
    expires_at: ({ expiresAtMs }) => timeText(expiresAtMs ?? 0),
    is_revoked: ({ isRevoked }) => isRevoked,
    version: ({ version }) => version,
  },
};
