import type { Field } from "../catalogue/dimensions.ts";
import { everything, type Filter, fieldsOf } from "../filters/filter.ts";
import type { BotRule } from "../question.ts";
import { contains, type Instants } from "./civil-time.ts";
import type { EventRow } from "./event-row.ts";
import { isOfEventsOnly, isOfSessionsOnly } from "./field-value.ts";
import { type Session, sessionize } from "./sessions.ts";

/** Whether a filter holds for an event; hours and weekdays are of `zone`. It is never asked of an entry or exit page. */
export type Matches = (filter: Filter, event: EventRow, zone: string) => boolean;

/** What decides which events and sessions a question is about. */
export interface Scope {
  readonly filter: Filter;
  readonly bots: BotRule;
  readonly zone: string;
  readonly dimension: Field | undefined;
  readonly matches: Matches;
}

/** What event metrics and session metrics count. */
export interface Selection {
  readonly events: ReadonlyArray<EventRow>;
  readonly sessions: ReadonlyArray<Session>;
}

/** Whether everything is asked of whole sessions. */
export const isOfSessions = ({ filter, dimension }: Scope): boolean =>
  [...fieldsOf(filter), ...(dimension === undefined ? [] : [dimension])].some(isOfSessionsOnly);

const withBots = (events: ReadonlyArray<EventRow>, bots: BotRule): ReadonlyArray<EventRow> =>
  bots === "include" ? events : events.filter(({ is_bot }) => is_bot === (bots === "only"));

const asksEventsOnly = (filter: Filter): boolean => fieldsOf(filter).every(isOfEventsOnly);

/** What has to hold together: groups within groups of the same kind, or of one, say no more than one group. */
const conjuncts = (filter: Filter): ReadonlyArray<Filter> => {
  if (filter.kind === "condition") return [filter];
  if (filter.kind === "all" || filter.filters.length === 1) return filter.filters.flatMap(conjuncts);
  return [filter];
};

/** The filter as it is asked of the session's first event, whose page has been replaced by the one asked about. */
const ofFirstEvent = (filter: Filter, session: Session, { matches, zone }: Scope): boolean => {
  if (filter.kind !== "condition" || !isOfSessionsOnly(filter.field))
    return matches(filter, session.first, zone);
  const page = filter.field === "entry_page" ? session.entryPage : session.exitPage;
  return matches({ ...filter, field: "page" }, { ...session.first, page_path: page }, zone);
};

const holdsForSession = (
  filter: Filter,
  session: Session,
  inRange: ReadonlyArray<EventRow>,
  scope: Scope,
): boolean => {
  const parts = conjuncts(filter);
  // As much as can be asked of one and the same event is asked of one.
  const ofOneEvent = parts.filter(asksEventsOnly);
  const isAny = (event: EventRow) => ofOneEvent.every((part) => scope.matches(part, event, scope.zone));
  if (ofOneEvent.length > 0 && !inRange.some(isAny)) return false;
  return parts
    .filter((part) => !asksEventsOnly(part))
    .every((part) =>
      part.kind === "condition"
        ? ofFirstEvent(part, session, scope)
        : part.filters.some((one) => holdsForSession(one, session, inRange, scope)),
    );
};

/** Events of the range, with sessions that go on after it cut off. */
export const eventsWithin = (session: Session, range: Instants): ReadonlyArray<EventRow> =>
  session.events.filter(({ occurredAtMs }) => contains(range, occurredAtMs));

const settled = (filter: Filter, session: Session, scope: Scope): Filter => {
  if (filter.kind !== "condition") {
    return { kind: filter.kind, filters: filter.filters.map((part) => settled(part, session, scope)) };
  }
  if (!isOfSessionsOnly(filter.field)) return filter;
  return ofFirstEvent(filter, session, scope) ? everything : { kind: "any", filters: [] };
};

/** Whether the filter holds for one event of a session; only entry and exit page are asked of its session. */
export const selectsEvent = (event: EventRow, session: Session, scope: Scope): boolean =>
  scope.matches(settled(scope.filter, session, scope), event, scope.zone);

/** The events and sessions that a question is about. Sessions are those that begin in the range, as a whole. */
export const select = (stored: ReadonlyArray<EventRow>, range: Instants, scope: Scope): Selection => {
  const events = withBots(stored, scope.bots);
  const sessions = sessionize(events).filter(
    (session) =>
      contains(range, session.startedAtMs) &&
      holdsForSession(scope.filter, session, eventsWithin(session, range), scope),
  );
  if (isOfSessions(scope)) return { events: sessions.flatMap((session) => session.events), sessions };
  return {
    events: events.filter(
      (event) => contains(range, event.occurredAtMs) && scope.matches(scope.filter, event, scope.zone),
    ),
    sessions,
  };
};
