import { Effect } from "effect";
import { linkedVisitors } from "../identity/identities.ts";
import { IS_USER, paramsOf, type Subject } from "./subject.ts";

/**
 * A user with the visitors that belong to it now: not those that have become another user's, or whose link was undone.
 * Anybody else as they are. To be asked before links are deleted.
 */
export const withVisitors = (subject: Subject) =>
  subject.kind === "user_id"
    ? Effect.map(
        linkedVisitors(subject.project, IS_USER, paramsOf(subject)),
        (links): Subject => ({
          ...subject,
          visitors: [
            ...new Set(links.filter(({ state }) => state === "linked").map(({ visitorId }) => visitorId)),
          ],
        }),
      )
    : Effect.succeed(subject);
