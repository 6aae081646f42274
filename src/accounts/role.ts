/**
 * What somebody may do in a project:
 *
 * - `viewer`: read its numbers and events
 * - `editor`: besides, change what is kept beside them (funnels)
 * - `owner`: besides, manage the project: its settings, keys, webhooks, members and links
 */
export const roles = ["viewer", "editor", "owner"] as const;
export type Role = (typeof roles)[number];

/** The one of two roles that gives more. */
export const higherRole = (one: Role, other: Role | undefined): Role =>
  other !== undefined && roles.indexOf(other) > roles.indexOf(one) ? other : one;
