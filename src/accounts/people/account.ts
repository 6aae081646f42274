import type { KeptTable } from "../../store/kept-table.ts";
import { timeText } from "../../store/time-text.ts";

/** Somebody who can log in. */
export interface Account {
  /** A ULID. */
  readonly id: string;
  /** As `normalEmail` makes it. */
  readonly email: string;
  readonly name: string;
  /** argon2id with its parameters and salt. */
  readonly passwordHash: string;
  /** Sessions from before ended then. */
  readonly passwordAtMs: number;
  /** May do everything in every project, and make projects. */
  readonly isInstanceOwner: boolean;
  readonly createdAtMs: number;
  readonly isDeleted: boolean;
  readonly version: number;
}

/** What an account is made of. */
export type AccountWish = Pick<Account, "email" | "name"> & { readonly password: string };

/** The one spelling of an address that an account has: mail systems that tell cases apart are none any more. */
export const normalEmail = (email: string): string => email.trim().normalize("NFC").toLowerCase();

interface AccountRow {
  readonly account_id: string;
  readonly email: string;
  readonly name: string;
  readonly password_hash: string;
  readonly password_ms: number;
  readonly is_instance_owner: boolean;
  readonly created_ms: number;
  readonly is_deleted: boolean;
  readonly version: number;
}

export const accountsTable: KeptTable<AccountRow, Account> = {
  name: "accounts",
  select: `SELECT account_id, email, name, password_hash, toUnixTimestamp64Milli(password_at) AS password_ms,
      is_instance_owner, toUnixTimestamp64Milli(created_at) AS created_ms, is_deleted, version
    FROM accounts FINAL ORDER BY account_id`,
  entityOf: (row) => ({
    id: row.account_id,
    email: row.email,
    name: row.name,
    passwordHash: row.password_hash,
    passwordAtMs: row.password_ms,
    isInstanceOwner: row.is_instance_owner,
    createdAtMs: row.created_ms,
    isDeleted: row.is_deleted,
    version: row.version,
  }),
  idOf: ({ id }) => id,
  columns: {
    account_id: ({ id }) => id,
    email: ({ email }) => email,
    name: ({ name }) => name,
    password_hash: ({ passwordHash }) => passwordHash,
    password_at: ({ passwordAtMs }) => timeText(passwordAtMs),
    is_instance_owner: ({ isInstanceOwner }) => isInstanceOwner,
    created_at: ({ createdAtMs }) => timeText(createdAtMs),
    is_deleted: ({ isDeleted }) => isDeleted,
    version: ({ version }) => version,
  },
};
