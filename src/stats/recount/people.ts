import type { EventRow } from "./event-row.ts";
import { compareBytes } from "./sessions.ts";

/** That a visitor is not to count as a user by what it said up to this moment. */
export interface Unlinked {
  readonly visitor_id: number;
  readonly user_id: string;
  readonly untilMs: number;
}

const nobody = /^(0|-1|null|undefined|nan|none|true|false|anonymous|guest|\[object object\])$/i;

const isLink = (event: EventRow): boolean =>
  event.event_type === "identify" && event.user_id !== "" && !event.is_bot && !nobody.test(event.user_id);

/** The events of a project, each with the person who counts once for it: who its visitor identified as last, if anybody. */
export const withPeople = (
  events: ReadonlyArray<EventRow>,
  unlinked: ReadonlyArray<Unlinked> = [],
): ReadonlyArray<EventRow> => {
  const lastOf = new Map<string, EventRow>();
  for (const event of events.filter(isLink)) {
    const key = JSON.stringify([event.visitor_id, event.user_id]);
    if ((lastOf.get(key)?.occurredAtMs ?? Number.NEGATIVE_INFINITY) < event.occurredAtMs)
      lastOf.set(key, event);
  }
  const counting = [...lastOf.values()].filter(
    (link) =>
      !unlinked.some(
        ({ visitor_id, user_id, untilMs }) =>
          visitor_id === link.visitor_id && user_id === link.user_id && link.occurredAtMs <= untilMs,
      ),
  );
  counting.sort((a, b) => a.occurredAtMs - b.occurredAtMs || compareBytes(a.user_id, b.user_id));
  const belongsTo = new Map(counting.map(({ visitor_id, user_id }) => [visitor_id, user_id]));
  return events.map((event) => {
    const user = belongsTo.get(event.visitor_id);
    return user === undefined ? event : { ...event, person: `user ${user}` };
  });
};
