import { describe, expect, test } from "bun:test";
import type { EventInput } from "../../domain/event.ts";
import { makeTally } from "./tally.ts";
import { makeTraffic, type TrafficOptions } from "./traffic.ts";
import type { TrafficRequest } from "./visit.ts";

const options: TrafficOptions = {
  seed: 1,
  events: 120_000,
  days: 28,
  until: Date.UTC(2026, 5, 15, 9, 30),
  sites: 20,
};
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const requests: ReadonlyArray<TrafficRequest> = [...makeTraffic(options)];
const events: ReadonlyArray<EventInput> = requests.flatMap((request) => request.events);

const counted = <A>(values: Iterable<A>): Map<A, number> => {
  const counts = new Map<A, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
};
const propertiesOf = ({ properties }: EventInput) => (properties ?? {}) as Record<string, unknown>;
const timeOf = ({ occurred_at }: EventInput) => Number(occurred_at);
const descending = (counts: Map<unknown, number>) => [...counts.values()].sort((a, b) => b - a);

describe("repetition", () => {
  const small = { ...options, events: 3000 };

  test("equal options give equal requests, also from one traffic iterated twice", () => {
    const traffic = makeTraffic(small);
    const first = [...traffic];
    expect([...traffic]).toEqual(first);
    expect([...makeTraffic(small)]).toEqual(first);
  });

  test("another seed gives other traffic", () => {
    const [first] = makeTraffic(small);
    const [other] = makeTraffic({ ...small, seed: 2 });
    expect(other?.events[0]).not.toEqual(first?.events[0] as EventInput);
  });
});

describe("counts and times", () => {
  test.each([
    { events: 1, days: 1, sites: 1 },
    { events: 2, days: 0.01, sites: 2 },
    { events: 999, days: 3, sites: 3 },
    { events: 5000, days: 365, sites: 60 },
    { events: 5000, days: 1 / 24, sites: 1 },
  ])("$events events in $days days on $sites sites: exactly so many, none outside of the range", (part) => {
    const asked = { ...options, ...part };
    const made = [...makeTraffic(asked)].flatMap((request) => request.events);
    expect(made).toHaveLength(part.events);
    expect(Math.min(...made.map(timeOf))).toBeGreaterThanOrEqual(asked.until - part.days * DAY_MS);
    expect(Math.max(...made.map(timeOf))).toBeLessThanOrEqual(asked.until);
    expect(new Set(made.map(({ site_id }) => site_id)).size).toBeLessThanOrEqual(part.sites);
  });

  test("a request comes after its events, soon, and every event has an id of its own", () => {
    for (const { events, receivedAt } of requests) {
      const times = events.map(timeOf);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(receivedAt).toBeGreaterThanOrEqual(times.at(-1) ?? Infinity);
      expect(receivedAt - (times[0] ?? 0)).toBeLessThan(5 * 60_000);
    }
    expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(events.length);
  });

  test("visits begin in the order of time", () => {
    const starts = requests
      .filter(({ startsSession }) => startsSession)
      .map(({ events: [first] }) => (first === undefined ? Number.NaN : timeOf(first)));
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  });
});

describe("widgets", () => {
  const seen = events.filter(({ event_type }) => event_type.startsWith("widget_"));

  test("a mapping belongs to one post of one site and one device", () => {
    const owners = new Map<unknown, string>();
    for (const event of seen) {
      const { mapping_id, post_id, device_slug } = propertiesOf(event);
      const owner = `${event.site_id} ${post_id} ${device_slug} ${event.page_url?.split("?")[0]}`;
      expect(owners.get(mapping_id) ?? owner).toBe(owner);
      owners.set(mapping_id, owner);
    }
    expect(owners.size).toBeGreaterThan(1000);
  });

  test("it is the same mapping for any number of events", () => {
    const owners = new Map(seen.map((event) => [propertiesOf(event).mapping_id, propertiesOf(event)]));
    const more = [...makeTraffic({ ...options, events: 20_000, days: 7 })].flatMap(
      (request) => request.events,
    );
    for (const { mapping_id, post_id, device_slug } of more.map(propertiesOf)) {
      const owner = owners.get(mapping_id);
      if (mapping_id !== undefined && owner !== undefined) {
        expect({ post_id, device_slug }).toEqual({ post_id: owner.post_id, device_slug: owner.device_slug });
      }
    }
  });

  test("nobody clicks what was not seen on the same page, and few click at all", () => {
    for (const { events } of requests) {
      const shown = new Set<unknown>();
      for (const event of events) {
        const { mapping_id } = propertiesOf(event);
        if (event.event_type === "widget_impression") shown.add(mapping_id);
        if (event.event_type === "widget_click") expect(shown.has(mapping_id)).toBe(true);
      }
    }
    const types = counted(events.map(({ event_type }) => event_type));
    const rate = (types.get("widget_click") ?? 0) / (types.get("widget_impression") ?? 1);
    expect(rate).toBeGreaterThan(0.01);
    expect(rate).toBeLessThan(0.06);
    expect(types.get("device_page_view") ?? 0).toBeGreaterThan(100);
  });
});

describe("shapes", () => {
  test("posts follow Zipf's law: on a site, views fall with the rank to the power of about -1", () => {
    const largest = descending(counted(requests.map(({ siteId }) => siteId)))[0];
    const [site] =
      [...counted(requests.map(({ siteId }) => siteId))].find(([, count]) => count === largest) ?? [];
    const ranked = descending(
      counted(requests.filter((r) => r.siteId === site && r.postId > 0).map((r) => r.postId)),
    );
    const points = ranked.slice(0, 60).map((count, index) => [Math.log(index + 1), Math.log(count)] as const);
    const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
    const [x, y] = [mean(0), mean(1)];
    const slope =
      points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) /
      points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
    expect(slope).toBeLessThan(-0.9);
    expect(slope).toBeGreaterThan(-1.25);
  });

  test("the largest site has about 40 % of the events, and every site has some", () => {
    const sizes = descending(counted(events.map(({ site_id }) => site_id)));
    expect(sizes).toHaveLength(options.sites);
    expect((sizes[0] ?? 0) / events.length).toBeCloseTo(0.4, 1);
  });

  test("in Germany most is read in the evening and least before dawn", () => {
    const hours = counted(
      events
        .filter(({ timezone }) => timezone === "Europe/Berlin")
        .map((event) => new Date(timeOf(event) + HOUR_MS).getUTCHours()),
    );
    const around = (hour: number) =>
      [hour - 1, hour, hour + 1].reduce((sum, at) => sum + (hours.get(at) ?? 0), 0);
    expect(around(20)).toBeGreaterThan(6 * around(3));
    expect(around(20)).toBeGreaterThan(1.1 * around(14));
  });

  test("Saturdays are quieter than Tuesdays, and it grows a little", () => {
    const days = counted(events.map((event) => new Date(timeOf(event)).getUTCDay()));
    expect(days.get(6) ?? 0).toBeLessThan(0.95 * (days.get(2) ?? 0));
    const middle = options.until - (options.days / 2) * DAY_MS;
    const late = events.filter((event) => timeOf(event) >= middle).length / events.length;
    expect(late).toBeGreaterThan(0.5);
    expect(late).toBeLessThan(0.6);
  });

  test("a third of the visits is by people who were there before, and no two visits of one overlap", () => {
    const { tally, add } = makeTally();
    add(requests);
    expect(tally.events).toBe(options.events);
    const returning = 1 - tally.visitors / tally.sessions;
    expect(returning).toBeGreaterThan(0.2);
    expect(returning).toBeLessThan(0.45);
    const lastSeen = new Map<unknown, { session: unknown; at: number; site: unknown }>();
    for (const event of events) {
      const last = lastSeen.get(event.visitor_id);
      if (last !== undefined) {
        expect(event.site_id).toBe(last.site as string);
        if (event.session_id !== last.session) {
          expect(timeOf(event) - last.at).toBeGreaterThanOrEqual(30 * 60_000);
        }
      }
      lastSeen.set(event.visitor_id, { session: event.session_id, at: timeOf(event), site: event.site_id });
    }
  });
});
