import type { DocumentDecoration } from "elysia";
import {
  body,
  flag,
  inPath,
  instant,
  json,
  listOf,
  problem,
  problems,
  security,
  text,
} from "../../http/documented.ts";
import { RESET_HOURS } from "../links/resets.ts";

const shared = { tags: ["Accounts"], security };
const answers = {
  ...problems,
  404: problem("There is no such account."),
};
const lastOwner = { 409: problem("`last_owner`: nobody could manage the installation, or a project.") };

const account = { id: text, email: text, name: text, is_instance_owner: flag, created_at: instant };
const exampleAccount = {
  id: "01KAM6Q2M4W8T5Y7ZC3N1B9VXE",
  email: "bob@example.org",
  name: "Bob",
  is_instance_owner: false,
  created_at: "2026-11-22T08:30:00.000Z",
};
const accountId = inPath("account", "The account's `id`.");

export const listAccountsDocumentation = {
  ...shared,
  summary: "Everybody who can log in",
  description: "For owners of the whole installation, and the admin key.",
  responses: { 200: listOf(account, exampleAccount, "The accounts."), ...answers },
} as DocumentDecoration;

export const changeAccountDocumentation = {
  ...shared,
  summary: "Make somebody an owner of the whole installation",
  description: "Or no owner any more. The last one stays one.",
  parameters: [accountId],
  requestBody: body({ is_instance_owner: flag }, { is_instance_owner: true }, ["is_instance_owner"]),
  responses: {
    200: json(account, { ...exampleAccount, is_instance_owner: true }, "The account."),
    ...answers,
    ...lastOwner,
  },
} as DocumentDecoration;

export const deleteAccountDocumentation = {
  ...shared,
  summary: "Delete an account",
  description:
    "At once, and within 5 seconds on other nodes: its sessions, memberships and the invitations that it has made. Nothing stays that tells whose it was. Its own owner deletes it with `POST /v1/auth/delete`.",
  parameters: [accountId],
  responses: { 204: { description: "It is deleted." }, ...answers, ...lastOwner },
} as DocumentDecoration;

export const createResetDocumentation = {
  ...shared,
  summary: "Let somebody choose a new password",
  description: `Gives a link for whoever has forgotten theirs; nothing is sent to anybody. It is good once and for ${RESET_HOURS} hours, until the password is changed in another way, or another link is made.`,
  parameters: [accountId],
  responses: {
    201: json(
      {
        account: text,
        expires_at: instant,
        url: { ...text, description: "The link, below this host's address; it is told this once." },
      },
      {
        account: exampleAccount.id,
        expires_at: "2026-11-23T08:30:00.000Z",
        url: "/reset#token=…",
      },
      "The link.",
    ),
    ...answers,
  },
} as DocumentDecoration;
