import { limits } from "../../domain/event.ts";
import { instantOf } from "../batch.ts";
import type { Step } from "../draft.ts";

/**
 * When the event happened by our clock: the sender's time plus its clock's error, which is receivedAt − sentAt (the
 * formula of the Segment specification). A time too far ahead is taken as now; one older than what is kept is rejected.
 */
export const putTime: Step = (draft, context) => {
  const sent = draft.input.occurred_at;
  if (sent === undefined || sent === null) {
    draft.occurredAt = context.receivedAt;
    return undefined;
  }
  const instant = instantOf(sent);
  if (instant === undefined) {
    return {
      code: "invalid_time",
      message: "occurred_at must be an ISO 8601 time or milliseconds since 1970.",
    };
  }
  const occurredAt = instant + context.clockSkewMs;
  if (occurredAt < context.receivedAt - context.retentionMs) {
    return {
      code: "too_old",
      message: `occurred_at is older than the ${Math.floor(context.retentionMs / 86_400_000)} days that events are kept.`,
    };
  }
  draft.occurredAt = occurredAt > context.receivedAt + limits.futureMs ? context.receivedAt : occurredAt;
  return undefined;
};
