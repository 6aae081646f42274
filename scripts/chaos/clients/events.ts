import { makeRandom, type Random } from "../../../src/testing/traffic/random.ts";

/** An event as it is sent, and what must be found of it in the store. */
export interface ChaosEvent {
  readonly event_id: string;
  readonly event_type: string;
  /** Epoch milliseconds. */
  readonly occurredAtMs: number;
  readonly site_id: string;
  readonly source: string;
  readonly page_title: string;
  readonly isBot: boolean;
  readonly visitor: string;
  readonly session: string;
  readonly mapping_id: number;
  readonly post_id: number;
  readonly device_slug: string;
}

/** All events of a run: each is a function of its number, so that none needs to be kept. */
export interface Events {
  readonly of: (number: number) => ChaosEvent;
  /** The number behind an id; undefined for an id that this run never made. */
  readonly numberOf: (id: string) => number | undefined;
  /** The JSON text of an event as it is sent. */
  readonly encode: (number: number) => string;
}

const DAY_MS = 86_400_000;
const DAYS = 24;
/** Four months at least three times, and no event that grows too old in the run. */
const OLDEST_DAYS = 78;
const CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

const types = [
  "widget_impression",
  "widget_impression",
  "widget_click",
  "page_view",
  "device_page_view",
  "signup",
];
const sites = ["a.example", "b.example"];
const sources = ["wordpress", "web"];

const propertiesOf = ({ event_type, mapping_id, post_id, device_slug }: ChaosEvent): object => {
  const shared = { mapping_id, post_id, device_slug };
  switch (event_type) {
    case "widget_impression":
      return { ...shared, widget_index: 0, raw_model: "iPhone 15 Pro", viewport_percent: 62.5 };
    case "widget_click":
      return { ...shared, click_target: "title", destination_url: "https://shop.example/" };
    case "device_page_view":
      return { ...shared, device_id: mapping_id, brand: "Apple", view_source: "search" };
    default:
      return shared;
  }
};

// Few buckets on few days: every batch touches most partitions and many buckets that others touch too.
const draw = (random: Random, id: string, number: number, startedAt: number): ChaosEvent => {
  const pick = <A>(values: ReadonlyArray<A>): A => values[random.below(values.length)] as A;
  const day =
    Math.floor(startedAt / DAY_MS) - OLDEST_DAYS + Math.floor((random.below(DAYS) * OLDEST_DAYS) / DAYS);
  const visitor = random.below(300);
  return {
    event_id: id,
    event_type: pick(types),
    occurredAtMs: day * DAY_MS + random.below(3) * (DAY_MS / 3) + random.below(3_600_000),
    site_id: pick(sites),
    source: pick(sources),
    page_title: `Title ${number}`,
    isBot: random.chance(0.03),
    visitor: `visitor-${visitor}`,
    session: `session-${visitor}-${random.below(3)}`,
    mapping_id: 1 + random.below(6),
    post_id: 100 + random.below(3),
    device_slug: pick(["iphone-15-pro", "pixel-8"]),
  };
};

/** `startedAt` (epoch ms) is the end of the three months that events come from. */
export const makeEvents = (seed: number, startedAt: number): Events => {
  const prefix = `chaos${seed.toString(36)}-`;
  const of = (number: number) =>
    draw(makeRandom((seed % 2 ** 20) * 2 ** 32 + number, "event"), `${prefix}${number}`, number, startedAt);
  return {
    of,
    numberOf: (id) => {
      const number = id.startsWith(prefix) ? Number(id.slice(prefix.length)) : Number.NaN;
      return Number.isSafeInteger(number) && `${prefix}${number}` === id ? number : undefined;
    },
    encode: (number) => {
      const event = of(number);
      return JSON.stringify({
        event_id: event.event_id,
        event_type: event.event_type,
        occurred_at: event.occurredAtMs,
        site_id: event.site_id,
        source: event.source,
        page_title: event.page_title,
        visitor_id: event.visitor,
        session_id: event.session,
        ...(event.isBot ? { user_agent: CRAWLER } : {}),
        properties: propertiesOf(event),
      });
    },
  };
};
