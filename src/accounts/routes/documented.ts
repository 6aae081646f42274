/** What documents of several routes are made of. */

const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: { type: "object" as const } } },
});

export const wrong = { 400: problem("A field is wrong; `parameter` names it, `detail` says what it takes.") };
export const busy = { 503: problem("ClickHouse does not answer at the moment, or too many people log in.") };
export const crossSite = { 403: problem("`csrf`: the request may have been made by another site.") };
export const refused = {
  401: problem("The password is not right. It is not said whether there is such an account."),
};
export const throttled = {
  429: problem(
    "Too many passwords were tried on this account or link; `Retry-After` says when one is taken.",
  ),
};
export const invalidLink = { 404: problem("The link is not valid: it was used or revoked, or has expired.") };
export const notLoggedIn = { 401: problem("Nobody is logged in.") };
export const unknownEntry = { 404: problem("There is no such project, or no such entry in it.") };
export const forbidden = {
  401: problem("The key is missing or wrong, and nobody is logged in."),
  403: problem("The key or account does not give this, or `csrf`."),
};

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

export const body = (properties: object, example: object, required: ReadonlyArray<string>) => ({
  required: true,
  content: {
    "application/json": {
      schema: { type: "object" as const, properties, required: [...required] },
      example,
    },
  },
});
