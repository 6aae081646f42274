import { Either } from "effect";
import { type JsonObject, knownKeys } from "../http/json-body.ts";
import { withoutEmail } from "../ingest/privacy/without-emails.ts";
import type { VisitorKeys } from "../ingest/visitor.ts";
import { type Decoded, invalid } from "../stats/parameters/reader.ts";
import { ofSession, ofUser, ofVisitor, type PersonKind, personKinds, type Subject } from "./subject.ts";

/** A person as the sender names it. */
export interface Person {
  readonly kind: PersonKind;
  readonly id: string;
}

const TAKES = "takes the id as it was sent: a text of 1 to 200 characters or a whole number.";

/** One of the three ids of an event. */
export const decodePerson = (body: JsonObject): Decoded<Person> =>
  Either.gen(function* () {
    yield* knownKeys(body, ["project", ...personKinds]);
    const [kind, ...more] = personKinds.filter((name) => body[name] !== undefined);
    if (kind === undefined || more.length > 0) {
      return yield* invalid(more[0] ?? "user_id", `is to be given alone: one of ${personKinds.join(", ")}.`);
    }
    const value = body[kind];
    const isText = typeof value === "string" && value.length >= 1 && value.length <= 200;
    return isText || (typeof value === "number" && Number.isSafeInteger(value) && value >= 0)
      ? { kind, id: String(value) }
      : yield* invalid(kind, TAKES);
  });

/** The same as it is stored. */
export const subjectOf = (project: string, { kind, id }: Person, keys: VisitorKeys): Subject => {
  switch (kind) {
    case "visitor_id":
      return ofVisitor(project, keys.clientVisitor(project, id));
    case "session_id":
      return ofSession(project, keys.session(project, id));
    case "user_id":
      return ofUser(
        project,
        withoutEmail(id, (text) => keys.clientVisitor(project, text)),
      );
  }
};
