import type { DocumentDecoration } from "elysia";
import {
  body,
  flag,
  inPath,
  instant,
  json,
  listOf,
  problems,
  security,
  text,
} from "../../http/documented.ts";
import { roles } from "../role.ts";
import { INVITE_DAYS } from "./bodies.ts";
import { unknownEntry } from "./documented.ts";

const shared = { tags: ["Projects"], security };
const answers = { ...problems, ...unknownEntry };

const projectId = inPath("id", "The project.");
const role = {
  ...text,
  enum: [...roles],
  description:
    "`viewer` reads numbers and events, `editor` also changes funnels, `owner` also manages the project, its keys, webhooks, members and links.",
};

const member = { id: text, email: text, name: text, role, added_at: instant };
const exampleMember = {
  id: "01KAM6Q2M4W8T5Y7ZC3N1B9VXE",
  email: "bob@example.org",
  name: "Bob",
  role: "editor",
  added_at: "2026-11-22T08:30:00.000Z",
};
const memberId = inPath("account", "The member's `id`.");

const invite = {
  id: text,
  project: text,
  email: { ...text, nullable: true },
  role,
  created_at: instant,
  expires_at: instant,
};
const exampleInvite = {
  id: "01KAM6T1A2B3C4D5E6F7G8H9JK",
  project: "01KAM4WQJB6T7ZCN2V0E5H8XYD",
  email: "bob@example.org",
  role: "viewer",
  created_at: "2026-11-22T08:25:00.000Z",
  expires_at: "2026-11-29T08:25:00.000Z",
};

const share = {
  id: text,
  project: text,
  name: text,
  has_password: flag,
  created_at: instant,
  expires_at: { ...instant, nullable: true },
};
const exampleShare = {
  id: "01KAM6V5Q6R7S8T9V0W1X2Y3ZA",
  project: "01KAM4WQJB6T7ZCN2V0E5H8XYD",
  name: "For the board",
  has_password: true,
  created_at: "2026-11-22T08:40:00.000Z",
  expires_at: null,
};
const link = { ...text, description: "The link, below this host's address; it is told this once." };

export const listMembersDocumentation = {
  ...shared,
  summary: "Members of a project",
  parameters: [projectId],
  responses: { 200: listOf(member, exampleMember, "The members."), ...answers },
} as DocumentDecoration;

export const changeMemberDocumentation = {
  ...shared,
  summary: "Change a member's role",
  description: "At once, and within 5 seconds on other nodes.",
  parameters: [projectId, memberId],
  requestBody: body({ role }, { role: "editor" }, ["role"]),
  responses: { 200: json(member, exampleMember, "The member."), ...answers },
} as DocumentDecoration;

export const removeMemberDocumentation = {
  ...shared,
  summary: "Remove a member",
  description:
    "The account stays. The last owner of a project stays a member, unless somebody may manage every project.",
  parameters: [projectId, memberId],
  responses: { 204: { description: "The account is no member any more." }, ...answers },
} as DocumentDecoration;

export const listInvitesDocumentation = {
  ...shared,
  summary: "Invitations to a project",
  parameters: [projectId],
  responses: { 200: listOf(invite, exampleInvite, "Those that can still be taken."), ...answers },
} as DocumentDecoration;

export const createInviteDocumentation = {
  ...shared,
  summary: "Invite somebody",
  description: `Gives a link that makes whoever takes it a member, once; with \`email\` nobody but the account of that address. Nothing is sent to anybody. It expires after ${INVITE_DAYS} days unless \`expires\` says otherwise.`,
  parameters: [projectId],
  requestBody: body(
    { email: text, role, expires: { ...instant, description: "From then on it is not taken any more." } },
    { email: "bob@example.org", role: "viewer" },
    ["role"],
  ),
  responses: {
    201: json({ ...invite, url: link }, { ...exampleInvite, url: "/invite#token=…" }, "The invitation."),
    ...answers,
  },
} as DocumentDecoration;

export const revokeInviteDocumentation = {
  ...shared,
  summary: "Revoke an invitation",
  parameters: [projectId, inPath("invite", "The invitation's `id`.")],
  responses: { 204: { description: "It can be taken no more." }, ...answers },
} as DocumentDecoration;

export const listSharesDocumentation = {
  ...shared,
  summary: "Shared links to a project",
  parameters: [projectId],
  responses: { 200: listOf(share, exampleShare, "Those that are still good."), ...answers },
} as DocumentDecoration;

export const createShareDocumentation = {
  ...shared,
  summary: "Share a project's numbers",
  description:
    "Gives a link by which anybody who has it reads the project's numbers, and no single events; with `password` only who knows it too.",
  parameters: [projectId],
  requestBody: body(
    {
      name: { ...text, minLength: 1, maxLength: 100 },
      password: { ...text, format: "password" },
      expires: { ...instant, description: "From then on it opens nothing any more." },
    },
    { name: "For the board", password: "open for the board" },
    ["name"],
  ),
  responses: {
    201: json({ ...share, url: link }, { ...exampleShare, url: "/share#token=…" }, "The link."),
    ...answers,
  },
} as DocumentDecoration;

export const revokeShareDocumentation = {
  ...shared,
  summary: "Revoke a shared link",
  description: "It opens nothing any more: at once, and within 5 seconds on other nodes.",
  parameters: [projectId, inPath("share", "The link's `id`.")],
  responses: { 204: { description: "It is revoked." }, ...answers },
} as DocumentDecoration;
