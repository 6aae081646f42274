import type { DocumentDecoration } from "elysia";
import {
  body,
  inPath,
  instant,
  json,
  listOf,
  problem,
  problems,
  security,
  text,
} from "../http/documented.ts";
import { MAXIMUM_ORIGINS, overlapBounds } from "./bodies.ts";
import { keyKinds } from "./key.ts";
import { defaultPrivacy, MAXIMUM_EXCLUSIONS, shownPrivacy, signalAnswers, visitorRules } from "./privacy.ts";

const unknown = { 404: problem("There is no such project, or no such key in it.") };

const shared = { tags: ["Projects"], security };

const projectId = inPath("id", "The project.");
const keyId = inPath("key", "The key's `id`.");

const usual = shownPrivacy(defaultPrivacy);
const exclusions = (description: string) => ({
  type: "array" as const,
  items: text,
  maxItems: MAXIMUM_EXCLUSIONS,
  default: [],
  description,
});
const privacyProperties = {
  visitors: {
    ...text,
    enum: [...visitorRules],
    default: usual.visitors,
    description:
      "`client`: a visitor is the `visitor_id` that was sent, else the day's salted hash. `cookieless`: always the hash; `visitor_id`, `session_id` and `user_id` are not used.",
  },
  do_not_track: {
    ...text,
    enum: [...signalAnswers],
    default: usual.do_not_track,
    description:
      "For requests with `DNT: 1`. `anonymous`: events count, without anything by which somebody could be known again. `drop`: they are rejected.",
  },
  global_privacy_control: {
    ...text,
    enum: [...signalAnswers],
    default: usual.global_privacy_control,
    description: "The same for `Sec-GPC: 1`. Of two answers the stricter one counts.",
  },
  excluded_addresses: exclusions(
    "Addresses and networks whose events are rejected; only compared, never stored with events.",
  ),
  excluded_paths: exclusions(
    "Patterns of paths whose events are rejected. `*` stands for any characters but `/`, `**` for any at all. A path is looked at as it is stored, with its masks.",
  ),
  excluded_query_parameters: exclusions("Campaign parameters and click ids that are not kept, in any case."),
  store_user_agent: {
    type: "boolean" as const,
    default: usual.store_user_agent,
    description: "Whether events keep the user agent, as their property `$user_agent`.",
  },
};

const length = { type: "integer" as const, minimum: 1, nullable: true, default: null };
const retentionProperties = {
  raw_days: {
    ...length,
    description:
      "Days that single events are kept; older ones are rejected. Whole UTC days are deleted once they are older. Rollups and sealed days, from which most questions are answered, stay.",
  },
  rollup_years: { ...length, description: "Years that rollups and sealed days are kept." },
};

const wishProperties = {
  name: { ...text, minLength: 1, maxLength: 100 },
  origins: {
    type: "array" as const,
    items: text,
    maxItems: MAXIMUM_ORIGINS,
    description: 'Origins whose pages may send events with the project\'s write keys; `["*"]` for every one.',
  },
  timezone: { ...text, default: "UTC", description: "IANA name of the zone whose days people mean." },
  allow_missing_origin: {
    type: "boolean" as const,
    default: false,
    description: "Whether write keys are taken from senders that are no page, such as apps.",
  },
  privacy: { type: "object" as const, properties: privacyProperties },
  retention: {
    type: "object" as const,
    properties: retentionProperties,
    description:
      "How long the project's data is kept; `null` for as long as the instance keeps it, which is the longest. What is too old is deleted from one to two hours after a change: within the first hour it can be undone. What is deleted does not come back.",
  },
};
const projectProperties = { id: text, ...wishProperties, created_at: instant, updated_at: instant };

const keyProperties = {
  id: text,
  project: text,
  kind: { ...text, enum: [...keyKinds] },
  label: text,
  preview: { ...text, description: "The key's first characters." },
  created_at: instant,
  expires_at: { ...instant, nullable: true },
  is_revoked: { type: "boolean" as const },
};
const newKeyProperties = { ...keyProperties, key: { ...text, description: "The key itself." } };

const exampleWish = {
  name: "Shop",
  origins: ["https://shop.example"],
  timezone: "Europe/Berlin",
  allow_missing_origin: false,
};
const exampleProject = {
  id: "01KAM4WQJB6T7ZCN2V0E5H8XYD",
  ...exampleWish,
  privacy: usual,
  retention: { raw_days: 30, rollup_years: null },
  created_at: "2026-11-22T08:15:00.000Z",
  updated_at: "2026-11-22T08:15:00.000Z",
};
const exampleKeyWish = { label: "Shop pages", kind: "write" };
const exampleKey = {
  id: "01KAM50S1Z3QWTKD2M8V9B4RJH",
  project: exampleProject.id,
  ...exampleKeyWish,
  preview: "pk_hq2Ls",
  created_at: "2026-11-22T08:16:00.000Z",
  expires_at: null,
  is_revoked: false,
};
const exampleNewKey = { ...exampleKey, key: "pk_hq2LsX0cmR4uWvJ1oTzB7pYdGkNfEaQi" };

export const listDocumentation = {
  ...shared,
  summary: "Projects",
  description: "The `default` project first, the others in the order in which they were made.",
  responses: { 200: listOf(projectProperties, exampleProject, "The projects."), ...problems },
} as DocumentDecoration;

export const createDocumentation = {
  ...shared,
  summary: "Make a project",
  description:
    "A project's events, numbers, funnels and webhooks are its own: nobody sees them with another project's key. It takes events once it has a key.",
  requestBody: body(wishProperties, exampleWish, ["name"]),
  responses: { 201: json(projectProperties, exampleProject, "The project."), ...problems },
} as DocumentDecoration;

export const getDocumentation = {
  ...shared,
  summary: "A project",
  parameters: [projectId],
  responses: { 200: json(projectProperties, exampleProject, "The project."), ...problems, ...unknown },
} as DocumentDecoration;

export const updateDocumentation = {
  ...shared,
  summary: "Change a project",
  description:
    "What is left out stays as it is. The change counts at once, and within 5 seconds on other nodes of one ClickHouse server.",
  parameters: [projectId],
  requestBody: body(wishProperties, {
    timezone: "Africa/Nairobi",
    privacy: { do_not_track: "anonymous", excluded_paths: ["/admin/**"] },
    retention: { raw_days: 30 },
  }),
  responses: { 200: json(projectProperties, exampleProject, "The project."), ...problems, ...unknown },
} as DocumentDecoration;

export const listKeysDocumentation = {
  ...shared,
  summary: "Keys of a project",
  description:
    "The text of write keys is shown, for every page shows it; that of read and secret keys is not kept. `last_used` is exact to a minute.",
  parameters: [projectId],
  responses: {
    200: listOf(
      { ...newKeyProperties, last_used: { ...instant, nullable: true } },
      { ...exampleNewKey, last_used: null },
      "The keys, revoked and expired ones too.",
    ),
    ...problems,
    ...unknown,
  },
} as DocumentDecoration;

export const addKeyDocumentation = {
  ...shared,
  summary: "Make a key",
  description: `- \`write\` (\`pk_…\`): sends events from pages of the project's origins. It is public: everybody can read it in the page.
- \`read\` (\`rk_…\`): reads the project's numbers and events, as \`x-admin-key\` or \`Authorization: Bearer\`.
- \`secret\` (\`sk_…\`): sends events from servers, as \`x-api-key\` or \`api_key\` in the body.

Read and secret keys are shown this once; only their SHA-256 is kept.`,
  parameters: [projectId],
  requestBody: body(
    {
      label: { ...text, minLength: 1, maxLength: 100 },
      kind: { ...text, enum: [...keyKinds] },
      expires: { ...instant, description: "From then on it is not taken any more." },
    },
    exampleKeyWish,
    ["label", "kind"],
  ),
  responses: { 201: json(newKeyProperties, exampleNewKey, "The key."), ...problems, ...unknown },
} as DocumentDecoration;

export const revokeKeyDocumentation = {
  ...shared,
  summary: "Revoke a key",
  description: "It is not taken any more: at once, and within 5 seconds on other nodes.",
  parameters: [projectId, keyId],
  responses: { 204: { description: "It is revoked." }, ...problems, ...unknown },
} as DocumentDecoration;

export const rotateKeyDocumentation = {
  ...shared,
  summary: "Replace a key",
  description: `A new key of the same kind and label. The old one stays valid for \`overlap\` seconds, so that senders can be changed one after the other.`,
  parameters: [projectId, keyId],
  requestBody: body(
    {
      overlap: {
        type: "integer" as const,
        minimum: overlapBounds.minimum,
        maximum: overlapBounds.maximum,
        default: overlapBounds.fallback,
      },
    },
    { overlap: 3600 },
    [],
    false,
  ),
  responses: { 201: json(newKeyProperties, exampleNewKey, "The new key."), ...problems, ...unknown },
} as DocumentDecoration;
