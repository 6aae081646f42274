import type { DocumentDecoration } from "elysia";
import { body, flag, inPath, instant, json, listOf, problem, text } from "../../http/documented.ts";
import { passwordLength } from "../passwords/password-rule.ts";
import { roles } from "../role.ts";
import {
  busy,
  crossSite,
  invalidLink,
  notLoggedIn,
  refused,
  throttled,
  unknownEntry,
  wrong,
} from "./documented.ts";

const open = { tags: ["Accounts"], security: [] };
const own = { tags: ["Accounts"], security: [{ session: [] }] };

const { minimum, maximum } = passwordLength;
const password = { ...text, format: "password" };
const newPassword = {
  ...password,
  minLength: minimum,
  maxLength: maximum,
  description: "Whatever characters; not the e-mail address or name, and none of those that are tried first.",
};
const token = { ...text, description: "What stands in the link after `#token=`." };
const email = { ...text, format: "email", maxLength: 254 };
const name = { ...text, minLength: 1, maxLength: 100 };

const account = { id: text, email, name: text, is_instance_owner: flag };
const exampleAccount = {
  id: "01KAM6Q2M4W8T5Y7ZC3N1B9VXE",
  email: "ada@example.org",
  name: "Ada",
  is_instance_owner: true,
};
const accountAnswer = { account: { type: "object" as const, properties: account } };

const project = {
  type: "object" as const,
  properties: { id: text, name: text, role: { ...text, enum: [...roles] } },
};
const exampleProject = { id: "default", name: "Default", role: "owner" };

const session = { id: text, agent: text, created_at: instant, last_used: instant, is_current: flag };
const exampleSession = {
  id: "01KAM6R9D0S1F2G3H4J5K6M7NP",
  agent: "Firefox on Linux",
  created_at: "2026-11-22T08:20:00.000Z",
  last_used: "2026-11-22T09:05:00.000Z",
  is_current: true,
};

const cookie =
  "The session is a cookie (`__Host-footfall` over TLS, else `footfall`): HttpOnly, SameSite=Lax, good until 30 days after its last use and for 90 days in all.";

export const setUpDocumentation = {
  ...open,
  summary: "Make the first account",
  description: `With the token of the link that is printed at start while there is no owner. The account may do everything in every project. ${cookie}`,
  requestBody: body(
    { token, email, name, password: newPassword },
    {
      token: "the-token-of-the-link",
      email: "ada@example.org",
      name: "Ada",
      password: "nine lives and a tail",
    },
    ["token", "email", "name", "password"],
  ),
  responses: {
    201: json(accountAnswer, { account: exampleAccount }, "The account; it is logged in."),
    ...wrong,
    ...crossSite,
    ...invalidLink,
    ...busy,
  },
} as DocumentDecoration;

export const loginDocumentation = {
  ...open,
  summary: "Log in",
  description: `${cookie} Of one account ten passwords a minute and fifty an hour are taken from one address, and of one address a hundred an hour.`,
  requestBody: body({ email, password }, { email: "ada@example.org", password: "nine lives and a tail" }, [
    "email",
    "password",
  ]),
  responses: {
    200: json(accountAnswer, { account: exampleAccount }, "Who is logged in."),
    ...wrong,
    ...refused,
    ...crossSite,
    ...throttled,
    ...busy,
  },
} as DocumentDecoration;

export const acceptDocumentation = {
  ...open,
  summary: "Accept an invitation",
  description:
    "As whoever is logged in; else with an e-mail address and a password: of the account that has them, or of a new one, which needs a name. An invitation of an address is for the account with that address. It can be taken once.",
  requestBody: body(
    { token, name, email, password: newPassword },
    {
      token: "the-token-of-the-link",
      name: "Bob",
      email: "bob@example.org",
      password: "seven swans a-swimming",
    },
    ["token"],
  ),
  responses: {
    200: json(
      { ...accountAnswer, project },
      {
        account: { ...exampleAccount, email: "bob@example.org", name: "Bob", is_instance_owner: false },
        project: { ...exampleProject, role: "viewer" },
      },
      "Who is logged in, and what the invitation gave.",
    ),
    ...wrong,
    ...refused,
    ...crossSite,
    ...invalidLink,
    ...throttled,
    ...busy,
  },
} as DocumentDecoration;

export const shareDocumentation = {
  ...open,
  summary: "Open a shared link",
  description:
    "Gives a cookie of the link's own, which reads the numbers of its project: no single events, and nothing of other projects. It ends when the link is revoked or expires.",
  requestBody: body({ token, password }, { token: "the-token-of-the-link", password: "open for the board" }, [
    "token",
  ]),
  responses: {
    200: json(
      {
        name: text,
        project: { type: "object" as const, properties: { id: text, name: text, timezone: text } },
      },
      { name: "For the board", project: { id: "default", name: "Default", timezone: "UTC" } },
      "What can be read now.",
    ),
    ...wrong,
    401: { ...refused[401], description: "`password_needed` or `password_wrong`." },
    ...crossSite,
    ...invalidLink,
    ...throttled,
    ...busy,
  },
} as DocumentDecoration;

export const sessionDocumentation = {
  ...own,
  summary: "Who is logged in",
  description: "The account, the projects that it may see with its role in each, and this session.",
  responses: {
    200: json(
      {
        ...accountAnswer,
        projects: { type: "array" as const, items: project },
        session: { type: "object" as const, properties: session },
      },
      { account: exampleAccount, projects: [exampleProject], session: exampleSession },
      "Whoever is logged in.",
    ),
    ...notLoggedIn,
  },
} as DocumentDecoration;

export const sessionsDocumentation = {
  ...own,
  summary: "One's sessions",
  description: "Every browser in which the account is logged in, the one that was used last first.",
  responses: { 200: listOf(session, exampleSession, "The sessions."), ...notLoggedIn },
} as DocumentDecoration;

export const endSessionDocumentation = {
  ...own,
  summary: "End a session",
  description: "At once, and within 5 seconds on other nodes.",
  parameters: [inPath("session", "The session's `id`.")],
  responses: {
    204: { description: "It has ended." },
    ...notLoggedIn,
    ...crossSite,
    ...unknownEntry,
    ...busy,
  },
} as DocumentDecoration;

export const passwordDocumentation = {
  ...own,
  summary: "Change one's password",
  description: "All sessions of the account end; this browser gets a new one.",
  requestBody: body(
    { current: password, password: newPassword },
    { current: "nine lives and a tail", password: "ten lives and no tail" },
    ["current", "password"],
  ),
  responses: {
    204: { description: "It is changed." },
    ...wrong,
    ...refused,
    ...crossSite,
    ...throttled,
    ...busy,
  },
} as DocumentDecoration;

export const resetDocumentation = {
  ...open,
  summary: "Choose a new password by a link",
  description:
    "With the token of a link that an owner of the installation has made for the account. All sessions of the account end; this browser gets a new one.",
  requestBody: body(
    { token, password: newPassword },
    { token: "the-token-of-the-link", password: "eleven pipers piping" },
    ["token", "password"],
  ),
  responses: {
    200: json(accountAnswer, { account: exampleAccount }, "Who is logged in."),
    ...wrong,
    ...crossSite,
    ...invalidLink,
    ...throttled,
    ...busy,
  },
} as DocumentDecoration;

export const deleteDocumentation = {
  ...own,
  summary: "Delete one's account",
  description:
    "At once, and within 5 seconds on other nodes: its sessions, memberships and the invitations that it has made. Nothing stays that tells whose it was.",
  requestBody: body({ password }, { password: "ten lives and no tail" }, ["password"]),
  responses: {
    204: { description: "It is deleted." },
    ...wrong,
    ...refused,
    ...crossSite,
    409: problem("`last_owner`: nobody could manage the installation, or a project."),
    ...throttled,
    ...busy,
  },
} as DocumentDecoration;

export const logoutDocumentation = {
  ...own,
  summary: "Log out",
  responses: { 204: { description: "The session has ended." }, ...notLoggedIn, ...crossSite, ...busy },
} as DocumentDecoration;
