import type { KeptTable } from "../../store/kept-table.ts";
import { timeText } from "../../store/time-text.ts";

const DAY_MS = 86_400_000;

/** A session ends so long after it was used last. */
export const IDLE_MS = 30 * DAY_MS;

/** And so long after it began, however it is used. */
export const LONGEST_MS = 90 * DAY_MS;

/** A login, in one browser. */
export interface Session {
  /** A ULID; not what the browser has. */
  readonly id: string;
  readonly account: string;
  /** SHA-256 of the token that the browser has, in hexadecimal digits. */
  readonly digest: string;
  /** Whether the token was given out over TLS; then it is taken from no cookie that a page without it could set. */
  readonly isSecure: boolean;
  /** What the browser is, such as `Firefox on Linux`; "" when it did not tell. */
  readonly agent: string;
  readonly createdAtMs: number;
  readonly isEnded: boolean;
  readonly version: number;
}

interface SessionRow {
  readonly session_id: string;
  readonly account_id: string;
  readonly digest: string;
  readonly is_secure: boolean;
  readonly agent: string;
  readonly created_ms: number;
  readonly is_ended: boolean;
  readonly version: number;
}

export const sessionsTable: KeptTable<SessionRow, Session> = {
  name: "account_sessions",
  select: `SELECT session_id, account_id, digest, is_secure, agent, toUnixTimestamp64Milli(created_at) AS created_ms,
      is_ended, version
    FROM account_sessions FINAL WHERE created_at > now() - toIntervalDay(90) ORDER BY session_id`,
  entityOf: (row) => ({
    id: row.session_id,
    account: row.account_id,
    digest: row.digest,
    isSecure: row.is_secure,
    agent: row.agent,
    createdAtMs: row.created_ms,
    isEnded: row.is_ended,
    version: row.version,
  }),
  idOf: ({ id }) => id,
  columns: {
    session_id: ({ id }) => id,
    account_id: ({ account }) => account,
    digest: ({ digest }) => digest,
    is_secure: ({ isSecure }) => isSecure,
    agent: ({ agent }) => agent,
    created_at: ({ createdAtMs }) => timeText(createdAtMs),
    is_ended: ({ isEnded }) => isEnded,
    version: ({ version }) => version,
  },
};
