import { type Instants, instantsOf } from "./civil-time.ts";
import type { EventRow } from "./event-row.ts";
import { isOfEventsOnly, valueOfEvent, valueOfSession } from "./field-value.ts";
import { matchesFilter } from "./filtered.ts";
import { compareFractions, rounded, shareOf } from "./fractions.ts";
import { type BreakdownQuestion, rangeOf } from "./metric-question.ts";
import { definitionOf, goalOf, isCount, type Metric, scopeOf, timeRange, valuesOf } from "./metrics.ts";
import {
  eventsWithin,
  isOfSessions,
  type Matches,
  type Scope,
  type Selection,
  select,
  selectsEvent,
} from "./selection.ts";
import { compareBytes, type Session } from "./sessions.ts";

/** Every character for itself, whatever stands next to it. */
export const simpleLower = (text: string): string =>
  [...text].map((character) => (character === "\u0130" ? "i" : character.toLowerCase())).join("");

interface Group {
  readonly events: Array<EventRow>;
  readonly sessions: Array<Session>;
}

const groupsOf = (
  { events, sessions }: Selection,
  dimension: BreakdownQuestion["dimension"],
  range: Instants,
  scope: Scope,
): ReadonlyMap<string, Group> => {
  const groups = new Map<string, Group>();
  const group = (value: string): Group => {
    const own = groups.get(value) ?? { events: [], sessions: [] };
    groups.set(value, own);
    return own;
  };
  for (const session of sessions) {
    const values = isOfEventsOnly(dimension)
      ? eventsWithin(session, range)
          .filter((event) => selectsEvent(event, session, scope))
          .map((event) => valueOfEvent(dimension, event, scope.zone))
      : [valueOfSession(dimension, session, scope.zone)];
    for (const value of new Set(values)) {
      group(value).sessions.push(session);
      if (isOfSessions(scope)) group(value).events.push(...session.events);
    }
  }
  if (!isOfSessions(scope)) {
    for (const event of events) group(valueOfEvent(dimension, event, scope.zone)).events.push(event);
  }
  return groups;
};

/** What `GET /v1/stats/breakdown` answers. */
export const recountBreakdown = (
  events: ReadonlyArray<EventRow>,
  question: BreakdownQuestion,
  matches: Matches = matchesFilter,
) => {
  const { dimension, metrics = ["visitors"] as const, search = "", limit = 100, offset = 0 } = question;
  const first: Metric = metrics[0] ?? "visitors";
  const scope = scopeOf(question, matches);
  const goal = goalOf(question);
  const range = instantsOf(rangeOf(question));
  const whole = select(events, range, scope);
  const fraction = (metric: Metric, selection: Selection) => definitionOf(metric).of(selection, goal);

  const found = [...groupsOf(whole, dimension, range, scope)].filter(
    ([value, group]) =>
      metrics.some((metric) => group[definitionOf(metric).counts].length > 0) &&
      simpleLower(value).includes(simpleLower(search)),
  );
  const terms = question.sort ?? [`-${first}`];
  found.sort(([a, ofA], [b, ofB]) => {
    for (const term of terms) {
      const metric = metrics.find((name) => name === term.replace(/^-/, ""));
      const order =
        metric === undefined
          ? compareBytes(a, b)
          : compareFractions(fraction(metric, ofA), fraction(metric, ofB));
      if (order !== 0) return term.startsWith("-") ? -order : order;
    }
    return compareBytes(a, b);
  });

  const data = found.slice(offset, offset + limit).map(([value, group]) => ({
    dimension: value,
    value: rounded(fraction(first, group), definitionOf(first).digits),
    percentage: isCount(first) ? shareOf(fraction(first, group), fraction(first, whole)) : null,
    ...valuesOf(metrics, group, goal),
  }));
  return {
    timeRange: timeRange(range),
    dimension,
    data,
    total: valuesOf(metrics, whole, goal),
    rows: found.length,
  };
};
