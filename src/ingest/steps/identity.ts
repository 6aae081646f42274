import type { Step } from "../draft.ts";
import { rememberLast } from "../remember-last.ts";
import { readUserAgent } from "./user-agent.ts";

const textOf = (value: string | number | null | undefined): string =>
  value === undefined || value === null ? "" : String(value);

/** The event's name for itself, so that a repeated request can be told from a repeated event. */
export const putEventId: Step = (draft, context) => {
  draft.eventId = draft.input.event_id ?? context.newId();
  draft.eventVersion = draft.input.event_version ?? 1;
  return undefined;
};

const factsOf = rememberLast(readUserAgent);

/** Device, browser, system and whether it is a bot; an agent that the event names itself goes before the request's. */
export const putAgent: Step = (draft, context) => {
  draft.agent = factsOf(draft.input.user_agent ?? context.userAgent);
  return undefined;
};

/** Who it was, as keyed hashes: by the client's own id, or without one by the day's cookieless rule. */
export const putVisitor: Step = (draft, context) => {
  const { visitor_id, session_id, user_id, user_agent } = draft.input;
  const visitor = textOf(visitor_id);
  draft.visitorId =
    visitor === ""
      ? context.visitorKeys.cookielessVisitor(
          context.project,
          draft.siteId,
          context.address,
          user_agent ?? context.userAgent,
          draft.occurredAt,
        )
      : context.visitorKeys.clientVisitor(context.project, visitor);
  const session = textOf(session_id);
  if (session !== "") draft.sessionId = context.visitorKeys.session(context.project, session);
  draft.userId = textOf(user_id);
  return undefined;
};
