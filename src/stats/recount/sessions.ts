import type { EventRow } from "./event-row.ts";

/** A visitor's events on one site with one client session id, none 30 minutes or more after the one before it. */
export interface Session {
  /** In order of time, and of their ids within a millisecond. */
  readonly events: ReadonlyArray<EventRow>;
  /** The session's own source, country and so on are those of its first event. */
  readonly first: EventRow;
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** Path of the first page view; empty without one. */
  readonly entryPage: string;
  /** Path of the last page view; empty without one. */
  readonly exitPage: string;
  readonly pageViews: number;
  readonly isBounce: boolean;
}

const SESSION_GAP_MS = 30 * 60 * 1000;

const notInteractions = ["page_view", "device_page_view", "widget_impression", "identify"];

/** The order of texts by their bytes in UTF-8. */
export const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const sessionOf = (first: EventRow, events: ReadonlyArray<EventRow>): Session => {
  const views = events.filter(({ event_type }) => event_type === "page_view");
  const last = events.at(-1) ?? first;
  return {
    events,
    first,
    startedAtMs: first.occurredAtMs,
    durationMs: last.occurredAtMs - first.occurredAtMs,
    entryPage: views[0]?.page_path ?? "",
    exitPage: views.at(-1)?.page_path ?? "",
    pageViews: views.length,
    isBounce: views.length === 1 && events.every(({ event_type }) => notInteractions.includes(event_type)),
  };
};

/** The sessions that events come to, whatever order they arrived in. */
export const sessionize = (events: ReadonlyArray<EventRow>): ReadonlyArray<Session> => {
  const chains = new Map<string, Array<EventRow>>();
  for (const event of events) {
    const key = JSON.stringify([event.site_id, event.visitor_id, event.session_id]);
    const chain = chains.get(key) ?? [];
    chain.push(event);
    chains.set(key, chain);
  }
  return [...chains.values()].flatMap((chain) => {
    chain.sort((a, b) => a.occurredAtMs - b.occurredAtMs || compareBytes(a.event_id, b.event_id));
    const cuts = chain.flatMap(({ occurredAtMs }, index) => {
      const before = chain[index - 1]?.occurredAtMs ?? Number.NEGATIVE_INFINITY;
      return occurredAtMs - before >= SESSION_GAP_MS ? [index] : [];
    });
    return cuts.flatMap((cut, index) => {
      const first = chain[cut];
      return first === undefined ? [] : [sessionOf(first, chain.slice(cut, cuts[index + 1]))];
    });
  });
};
