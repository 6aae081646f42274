import type { DocumentDecoration } from "elysia";
import { DEFAULT_PROJECT } from "../domain/project.ts";
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
import { erasureStates } from "./erasure.ts";

const unknown = { 404: problem("There is no such erasure, or no such project.") };

const shared = { tags: ["Privacy"], security };

const id = {
  oneOf: [
    { ...text, minLength: 1, maxLength: 200 },
    { type: "integer" as const, minimum: 0 },
  ],
};

const person = body(
  {
    project: { ...text, default: DEFAULT_PROJECT },
    user_id: { ...id, description: "As it was sent. One of the three ids is to be given." },
    visitor_id: { ...id, description: "As it was sent." },
    session_id: { ...id, description: "As it was sent." },
  },
  { user_id: "user-4711" },
);

const count = { type: "integer" as const, minimum: 0 };

const exampleErasure = {
  id: "01KAMPZQ5C8E4YB1T7N3V9D2WX",
  project: DEFAULT_PROJECT,
  erases: "user_id",
  state: "waiting",
  requested_at: "2026-11-22T09:41:07.312Z",
  erased_at: null,
  gone_at: null,
  rows: {},
  recounted_hours: 0,
  resealed_days: 0,
  set_aside_files: 0,
};

const erasureProperties = {
  id: text,
  project: text,
  erases: { ...text, enum: ["user_id", "visitor_id", "session_id", "project"] },
  state: {
    ...text,
    enum: [...erasureStates],
    description:
      "`waiting` for what was answered before and is not stored yet; `erasing` rows and counting again what they were counted in; `removing`: no answer knows of them any more, and ClickHouse keeps files of former parts for some minutes; `done`.",
  },
  requested_at: { ...instant, description: "What was answered until then is erased." },
  erased_at: { ...instant, nullable: true, description: "From when on no answer knows of it." },
  gone_at: { ...instant, nullable: true, description: "From when on no file has it." },
  rows: {
    type: "object" as const,
    additionalProperties: count,
    description: "Rows that were found, by table; `dead_letters` are events that could not be stored.",
  },
  recounted_hours: { ...count, description: "Hours of sites whose rollups were counted again." },
  resealed_days: { ...count, description: "Days of sites whose sessions and breakdowns were made again." },
  set_aside_files: {
    ...count,
    description:
      "Files that were put aside since nothing can read them, as the log says. What they hold only a person can tell; delete them if they are not needed.",
  },
};

export const exportDocumentation = {
  ...shared,
  summary: "Everything that is stored of a person",
  description:
    "Lines of JSON: first whom it is about; each event, with the columns of `GET /v1/export`; rows of other tables that name the person; dead letters; at the end how many of each there were, and how many events were still on their way into the store. A file without an end was broken off.",
  requestBody: person,
  responses: {
    200: {
      description: "The file.",
      content: { "application/x-ndjson": { schema: text } },
    },
    ...problems,
    503: problem("ClickHouse does not answer, or two exports are under way: try again after `Retry-After`."),
  },
} as DocumentDecoration;

export const eraseDocumentation = {
  ...shared,
  summary: "Erase a person",
  description:
    "Begins a job, which survives restarts and blocks nothing else: it deletes the person's events that were answered until now, wherever they are (also those that wait in the spool, dead letters and remembered event ids), and their sessions, and counts again every rollup that they were in. All other numbers stay as they are. A `user_id` stands for its events and for those without a user of visitors that it was linked to by `identify`.\n\nWhat days came to whose single events have expired already stays: nobody can be singled out in it. Where several processes share a ClickHouse server, ask each of them.",
  requestBody: person,
  responses: { 202: json(erasureProperties, exampleErasure, "The job."), ...problems },
} as DocumentDecoration;

export const erasuresDocumentation = {
  ...shared,
  summary: "Erasures of a project",
  description: "The newest first. They stay as receipts, in which nobody is named.",
  parameters: [
    {
      name: "project",
      in: "query",
      required: false,
      description: "The project that is meant.",
      schema: { ...text, default: DEFAULT_PROJECT },
    },
  ],
  responses: { 200: listOf(erasureProperties, exampleErasure, "The jobs."), ...problems },
} as DocumentDecoration;

export const erasureDocumentation = {
  ...shared,
  summary: "An erasure and its receipt",
  parameters: [inPath("id", "The erasure.")],
  responses: { 200: json(erasureProperties, exampleErasure, "The job."), ...problems, ...unknown },
} as DocumentDecoration;

export const deleteProjectDocumentation = {
  ...shared,
  summary: "Delete a project",
  description:
    "From now on the project and its keys are refused. A job erases all of it: events, rollups, sessions, funnels, webhooks, keys, members and links. What stays is that there was a project of this id, and the audit log. The default project cannot be deleted.",
  parameters: [inPath("id", "The project.")],
  responses: {
    202: json(
      erasureProperties,
      { ...exampleErasure, project: "01KAM4X3V7", erases: "project" },
      "The job that erases it; `GET /v1/privacy/erasures/{id}` says how far it is.",
    ),
    ...problems,
    404: problem("There is no such project."),
    409: problem("The default project cannot be deleted."),
  },
} as DocumentDecoration;
