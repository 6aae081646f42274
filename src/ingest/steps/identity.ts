import type { Step } from "../draft.ts";
import { rememberLast } from "../remember-last.ts";
import { maskEmails } from "./path-mask.ts";
import { readUserAgent } from "./user-agent.ts";

/** Longest user agent that is stored, in UTF-16 units. */
const MAXIMUM_AGENT_LENGTH = 512;

const textOf = (value: string | number | null | undefined): string =>
  value === undefined || value === null ? "" : String(value);

/** The event's name for itself, so that a repeated request can be told from a repeated event. */
export const putEventId: Step = (draft, context) => {
  draft.eventId = draft.input.event_id ?? context.newId();
  draft.eventVersion = draft.input.event_version ?? 1;
  return undefined;
};

const factsOf = rememberLast(readUserAgent);

/**
 * Device, browser, system and whether it is a bot; an agent that the event names itself goes before the request's. The
 * agent itself is kept, among the properties, where the project asks for it.
 */
export const putAgent: Step = (draft, { userAgent, privacy }) => {
  const agent = draft.input.user_agent ?? userAgent;
  draft.agent = factsOf(agent);
  if (privacy.storesUserAgent && agent !== "") {
    const $user_agent = maskEmails(agent.slice(0, MAXIMUM_AGENT_LENGTH)).toWellFormed();
    draft.properties = { ...draft.properties, $user_agent };
  }
  return undefined;
};

/**
 * Who it was, as keyed hashes: by the client's own id, or without one by the day's cookieless rule; for an anonymous
 * request by neither.
 */
export const putVisitor: Step = (draft, context) => {
  const { anonymousVisitor } = context.privacy;
  if (anonymousVisitor !== undefined) {
    draft.visitorId = anonymousVisitor;
    return undefined;
  }
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
