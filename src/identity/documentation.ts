import type { DocumentDecoration } from "elysia";
import { DEFAULT_PROJECT } from "../domain/project.ts";
import { body, instant, json, problem, problems, security, text } from "../http/documented.ts";
import { linkStates } from "./identities.ts";
import { nobody } from "./links.ts";
import { limitBounds } from "./parameters.ts";

/** The merging rule, in words. */
const rule = `A visitor is linked to a user by an event of the type \`identify\` with a \`user_id\`; its \`properties\` are the user's traits. A visitor counts as the user that it identified as last (of two in one millisecond, the one with the later id), for all of its events, those before the link too. Links are of one project, reach over its sites and last as long as rollups do. ${nobody.map((id) => `\`${id}\``).join(", ")} name nobody.`;

const states =
  "`linked`: the visitor counts as this user. `moved`: it identified as another user later. `unlinked`: the link was undone. `ignored`: the user id names nobody.";

const linkProperties = {
  id: { ...text, description: "Of the link, as the audit log names it." },
  visitor_id: { ...text, description: "The visitor's number, decimal, as single events have it." },
  first_at: { ...instant, description: "Of the first identify event." },
  last_at: { ...instant, description: "Of the last identify event." },
  state: { ...text, enum: [...linkStates], description: states },
};

const exampleLink = {
  id: "7f1d0c5e2b9a48d3966c1e4f8a2b7d05",
  visitor_id: "15071306482317890523",
  first_at: "2026-11-02T18:04:11.250Z",
  last_at: "2026-11-20T09:30:00.250Z",
  state: "linked",
};

const shared = { tags: ["People"], security };

export const identitiesDocumentation = {
  ...shared,
  summary: "Which visitors are linked to a user",
  description: `${rule} \`traits\` are those that a linked visitor sent last; null when that event has expired.`,
  parameters: [
    {
      name: "user_id",
      in: "query",
      required: true,
      description: "The user's id as it was sent.",
      schema: text,
      example: "user-42",
    },
    {
      name: "project",
      in: "query",
      required: false,
      description: "The project that is meant.",
      schema: { ...text, default: DEFAULT_PROJECT },
    },
    {
      name: "limit",
      in: "query",
      required: false,
      description: "Most links to answer.",
      schema: {
        type: "integer",
        minimum: limitBounds.minimum,
        maximum: limitBounds.maximum,
        default: limitBounds.fallback,
      },
    },
  ],
  responses: {
    200: json(
      {
        user_id: text,
        traits: { type: "object", nullable: true },
        data: { type: "array", items: { type: "object", properties: linkProperties } },
        total: { type: "integer", description: "How many links there are, also beyond `limit`." },
      },
      { user_id: "user-42", traits: { plan: "pro" }, data: [exampleLink], total: 1 },
      "The links, the last used one first; none where nobody identified as this user.",
    ),
    ...problems,
  },
} as DocumentDecoration;

const linkBody = body(
  {
    project: { ...text, default: DEFAULT_PROJECT },
    user_id: { ...text, description: "The user's id as it was sent." },
    visitor_id: { ...text, description: "The visitor's number as `GET /v1/identities` answers it." },
  },
  { user_id: "user-42", visitor_id: exampleLink.visitor_id },
  ["user_id", "visitor_id"],
);

const unknown = { 404: problem("The visitor never identified as this user.") };

export const unlinkDocumentation = {
  ...shared,
  summary: "Undo a link",
  description:
    "The visitor counts as it did before the link: as the user of an earlier one, or for itself. Nothing that is stored is rewritten, so that it holds for all times that are asked about. It is for every identify event that happened up to now, also for those that arrive later; the next one links again.",
  requestBody: linkBody,
  responses: {
    200: json(linkProperties, { ...exampleLink, state: "unlinked" }, "The link."),
    ...problems,
    ...unknown,
  },
} as DocumentDecoration;

export const relinkDocumentation = {
  ...shared,
  summary: "Take the undoing of a link back",
  description: "As if it had not been undone.",
  requestBody: linkBody,
  responses: { 200: json(linkProperties, exampleLink, "The link."), ...problems, ...unknown },
} as DocumentDecoration;
