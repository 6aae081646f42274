import { Either } from "effect";
import { type JsonObject, knownKeys } from "../http/json-body.ts";
import {
  type Decoded,
  invalid,
  onlyKnown,
  plainText,
  scalar,
  wholeNumber,
} from "../stats/parameters/reader.ts";

export const limitBounds = { minimum: 1, maximum: 1000, fallback: 100 } as const;

/** Who is asked about, as the sender names it. */
export interface IdentityQuery {
  readonly project: string;
  readonly user: string;
  readonly limit: number;
}

/** A link, with the user as the sender names it and the visitor as answers do. */
export interface NamedLink {
  readonly user: string;
  readonly visitor: string;
}

const takesUser = "the user's id as it was sent, 1 to 200 characters";
const takesVisitor = "a visitor's number as GET /v1/identities answers it, as a text of digits";

/** Decodes the parameters of the list of a user's links, whose project is settled. */
export const decodeIdentityQuery = (params: URLSearchParams): Decoded<IdentityQuery> =>
  Either.gen(function* () {
    yield* onlyKnown(params, ["project", "user_id", "limit"]);
    const project = (yield* scalar(params, "project", "a project's name of 1 to 64 characters")) ?? "";
    const user = yield* scalar(params, "user_id", takesUser);
    if (user === undefined) return yield* invalid("user_id", `is required: ${takesUser}.`);
    if (plainText(200)(user) === undefined) return yield* invalid("user_id", `takes ${takesUser}.`);
    return { project, user, limit: yield* wholeNumber(params, "limit", limitBounds) };
  });

const isNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

const isVisitor = (value: unknown): value is string =>
  typeof value === "string" && /^\d{1,20}$/.test(value) && BigInt(value) < 2n ** 64n;

/** Decodes the body that names a link; `project` is looked at by whoever knows the projects. */
export const decodeLinkBody = (body: JsonObject): Decoded<NamedLink> =>
  Either.gen(function* () {
    yield* knownKeys(body, ["project", "user_id", "visitor_id"]);
    const { user_id, visitor_id } = body;
    const user = isNumber(user_id) ? String(user_id) : user_id;
    if (typeof user !== "string" || user === "" || plainText(200)(user) === undefined) {
      return yield* invalid("user_id", `takes ${takesUser}.`);
    }
    return isVisitor(visitor_id)
      ? { user, visitor: visitor_id }
      : yield* invalid("visitor_id", `takes ${takesVisitor}.`);
  });
