import type { QueryParams } from "../store/clickhouse.ts";

/** How a person is named; the words are those of an event. */
export const personKinds = ["user_id", "visitor_id", "session_id"] as const;
export type PersonKind = (typeof personKinds)[number];

/** One person of a project, as far as one id goes; or the project as a whole. Nothing in it is what the sender sent. */
export interface Subject {
  readonly project: string;
  readonly kind: PersonKind | "project";
  /** Numbers of visitors, decimal: of a user those that it identified itself as, of a visitor its own. */
  readonly visitors: ReadonlyArray<string>;
  /** The number of a session, decimal; "0" otherwise. */
  readonly session: string;
  /** Random hexadecimal digits, and the SHA-256 of them followed by the user id as it is stored; "" otherwise. */
  readonly salt: string;
  readonly userDigest: string;
}

const sha256 = (text: string): string => new Bun.CryptoHasher("sha256").update(text).digest("hex");

const nothing = { visitors: [], session: "0", salt: "", userDigest: "" } as const;

export const wholeProject = (project: string): Subject => ({ project, kind: "project", ...nothing });

export const ofVisitor = (project: string, visitor: string): Subject => ({
  ...nothing,
  project,
  kind: "visitor_id",
  visitors: [visitor],
});

export const ofSession = (project: string, session: string): Subject => ({
  ...nothing,
  project,
  kind: "session_id",
  session,
});

/** `userId` is what the column has. */
export const ofUser = (project: string, userId: string): Subject => {
  const salt = crypto.getRandomValues(new Uint8Array(16)).toHex();
  return { ...nothing, project, kind: "user_id", salt, userDigest: sha256(`${salt}${userId}`) };
};

/** Columns that say whose a row is. */
export const personColumns = ["user_id", "visitor_id", "session_id"] as const;
export type PersonColumn = (typeof personColumns)[number];

export const IS_USER =
  "user_id != '' AND SHA256(concat({salt:String}, user_id)) = unhex({user_digest:String})";

/**
 * The condition that a row of a table with these columns, and `project_id`, is the subject's; undefined where the columns
 * cannot say it. Of a user's visitors it means what nobody else's name stands on: a browser may be several people's.
 */
export const conditionOf = (
  { kind, visitors }: Subject,
  columns: ReadonlyArray<PersonColumn>,
): string | undefined => {
  const has = (column: PersonColumn) => columns.includes(column);
  const ofProject = "project_id = {project:String}";
  const isVisitor =
    has("visitor_id") && visitors.length > 0
      ? "has(arrayMap(text -> toUInt64(text), {visitors:Array(String)}), visitor_id)"
      : undefined;
  const either = (...conditions: ReadonlyArray<string | undefined>): string | undefined => {
    const known = conditions.filter((condition) => condition !== undefined);
    return known.length === 0
      ? undefined
      : `${ofProject} AND (${known.map((one) => `(${one})`).join(" OR ")})`;
  };
  switch (kind) {
    case "project":
      return ofProject;
    case "visitor_id":
      return either(isVisitor);
    case "session_id":
      return either(has("session_id") ? "session_id = {session:UInt64}" : undefined);
    case "user_id":
      return has("user_id")
        ? either(IS_USER, isVisitor === undefined ? undefined : `user_id = '' AND ${isVisitor}`)
        : either(isVisitor);
  }
};

/** The parameters of {@link conditionOf}. */
export const paramsOf = ({ project, visitors, session, salt, userDigest }: Subject): QueryParams => ({
  project,
  visitors: [...visitors],
  session,
  salt,
  user_digest: userDigest,
});

/** Whether an encoded row, by the values of its columns, is the subject's. */
export const isOf = (
  { project, kind, visitors, session, salt, userDigest }: Subject,
  row: Readonly<Record<"project_id" | PersonColumn, string>>,
): boolean => {
  if (row.project_id !== project) return false;
  switch (kind) {
    case "project":
      return true;
    case "visitor_id":
      return visitors.includes(row.visitor_id);
    case "session_id":
      return row.session_id === session;
    case "user_id":
      return row.user_id === ""
        ? visitors.includes(row.visitor_id)
        : sha256(`${salt}${row.user_id}`) === userDigest;
  }
};
