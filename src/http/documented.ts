/** What the documents of routes are made of. */

export const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: { type: "object" as const } } },
});

export const text = { type: "string" as const };
export const instant = { type: "string" as const, format: "date-time" };
export const flag = { type: "boolean" as const };

export const inPath = (name: string, description: string) => ({
  name,
  in: "path" as const,
  required: true,
  description,
  schema: text,
});

export const json = (properties: object, example: object, description: string) => ({
  description,
  content: { "application/json": { schema: { type: "object" as const, properties }, example } },
});

export const listOf = (properties: object, example: object, description: string) =>
  json(
    { data: { type: "array" as const, items: { type: "object" as const, properties } } },
    { data: [example] },
    description,
  );

export const body = (
  properties: object,
  example: object,
  required: ReadonlyArray<string> = [],
  isRequired = true,
) => ({
  required: isRequired,
  content: {
    "application/json": {
      schema: { type: "object" as const, properties, required: [...required] },
      example,
    },
  },
});
