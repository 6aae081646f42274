/** What the documents of routes are made of. */

export const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: { type: "object" as const } } },
});

/** What a route answers that only some may use, whatever else it does. */
export const problems = {
  400: problem("A parameter or field is wrong; `parameter` names it, `detail` says what it takes."),
  401: problem("The key is missing or wrong, and nobody is logged in."),
  403: problem("The key or account does not give this, or `csrf`: another site may have made the request."),
  503: problem("ClickHouse does not answer at the moment."),
};

/** What a question of the stats answers besides. */
export const tooMuch = { 422: problem("The question needs more time or memory than a query may use.") };

/** The ways to say who asks: a key in one of two headers, or the cookie of whoever is logged in. */
export const security = [{ adminKey: [] }, { bearer: [] }, { session: [] }];

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
