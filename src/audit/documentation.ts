import type { DocumentDecoration } from "elysia";
import { DEFAULT_PROJECT } from "../domain/project.ts";
import { problems, security, text } from "../http/documented.ts";
import { auditActions } from "./audit-log.ts";

const exampleEntry = {
  id: "01KAM50S1Z3QWTKD2M8V9B4RJH",
  at: "2026-11-22T08:16:00.000Z",
  project: DEFAULT_PROJECT,
  actor: "admin key",
  action: "funnel.created",
  subject: "Signup to purchase",
  details: { window: 604_800 },
};

export const auditDocumentation: DocumentDecoration = {
  tags: ["Projects"],
  security,
  summary: "What was done to a project",
  description:
    "Every administrative act, the newest first: who did what, to what, and when. Entries are never changed. For the next page give the last `id` as `before`.",
  parameters: [
    {
      name: "project",
      in: "query",
      required: false,
      description: "The project whose log is meant.",
      schema: { ...text, default: DEFAULT_PROJECT },
    },
    {
      name: "limit",
      in: "query",
      required: false,
      schema: { type: "integer", minimum: 1, maximum: 1000, default: 100 },
    },
    { name: "before", in: "query", required: false, description: "The `id` of an entry.", schema: text },
  ],
  responses: {
    200: {
      description: "The entries.",
      content: {
        "application/json": {
          schema: {
            type: "object",
            properties: {
              data: {
                type: "array",
                items: {
                  type: "object",
                  properties: {
                    id: text,
                    at: { ...text, format: "date-time" },
                    project: text,
                    actor: { ...text, description: "`admin key`, or `account` or `key` with its id." },
                    action: { ...text, enum: [...auditActions] },
                    subject: { ...text, description: "The id or name of what was changed." },
                    details: {
                      type: "object",
                      description: "What it was changed to, as far as that is no secret.",
                    },
                  },
                },
              },
            },
          },
          example: { data: [exampleEntry] },
        },
      },
    },
    ...problems,
  },
};
