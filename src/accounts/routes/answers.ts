import type { Invite } from "../links/invite.ts";
import type { Share } from "../links/share.ts";
import type { Account } from "../people/account.ts";
import type { Member } from "../people/member.ts";
import type { Session } from "../people/session.ts";

const instant = (ms: number): string => new Date(ms).toISOString();

export const shownAccount = (account: Account) => ({
  id: account.id,
  email: account.email,
  name: account.name,
  is_instance_owner: account.isInstanceOwner,
});

/** The same for who may do everything. */
export const shownAccountOf = (account: Account) => ({
  ...shownAccount(account),
  created_at: instant(account.createdAtMs),
});

export const shownSession = (session: Session, lastUsedMs: number, current: string) => ({
  id: session.id,
  agent: session.agent,
  created_at: instant(session.createdAtMs),
  last_used: instant(lastUsedMs),
  is_current: session.id === current,
});

export const shownMember = (member: Member, account: Account | undefined) => ({
  id: member.account,
  email: account?.email ?? "",
  name: account?.name ?? "",
  role: member.role,
  added_at: instant(member.addedAtMs),
});

export const shownInvite = (invite: Invite) => ({
  id: invite.id,
  project: invite.project,
  email: invite.email === "" ? null : invite.email,
  role: invite.role,
  created_at: instant(invite.createdAtMs),
  expires_at: instant(invite.expiresAtMs),
});

export const shownShare = (share: Share) => ({
  id: share.id,
  project: share.project,
  name: share.name,
  has_password: share.proofDigest !== "",
  created_at: instant(share.createdAtMs),
  expires_at: share.expiresAtMs === undefined ? null : instant(share.expiresAtMs),
});
