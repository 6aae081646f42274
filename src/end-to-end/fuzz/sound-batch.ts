import type { Random } from "../../testing/traffic/random.ts";
import { type Draw, pick, within } from "./fuzz-case.ts";

export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json };
export type JsonObject = { [key: string]: Json };

const agents = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
  "curl/8.9.1",
];

const propertiesOf = (random: Random): Readonly<Record<string, JsonObject>> => {
  const shared = {
    mapping_id: random.below(1000),
    post_id: random.below(1000),
    device_slug: "iphone-15-pro",
  };
  return {
    widget_impression: { ...shared, widget_index: 0, raw_model: "iPhone 15 Pro", viewport_percent: 62.5 },
    widget_click: { ...shared, click_target: "title", destination_url: "https://example.org/device" },
    device_page_view: { device_id: 5, device_slug: "pixel-8", brand: "Google", view_source: "widget" },
    page_view: {},
    newsletter_signup: { plan: "pro", tags: ["a", "b"], nested: { deep: [1, 2.5, true, null] } },
  };
};

const DAY_MS = 86_400_000;

/** An event with most of what an event can have, that is accepted as it is. */
export const soundEvent = ({ random, marker, now }: Draw, index: number): JsonObject => {
  const types = propertiesOf(random);
  const type = pick(random, Object.keys(types));
  const occurredAt = Math.floor(now - random.next() * 3 * DAY_MS);
  const event: JsonObject = {
    event_type: type,
    event_id: marker(index),
    user_id: marker(index),
    page_title: `Title ${marker(index)}`,
    occurred_at: random.chance(0.5) ? occurredAt : new Date(occurredAt).toISOString(),
    properties: types[type] ?? {},
  };
  const optional: JsonObject = {
    visitor_id: random.below(1000),
    session_id: `s${random.below(1000)}`,
    user_agent: pick(random, agents),
    source: "wordpress",
    site_id: "example.org",
    page_url: `https://example.org/post-${random.below(50)}/?utm_source=news&gclid=abc&email=a@example.org`,
    page_path: "/post/123456789/",
    referrer: "https://www.google.com/search?q=x",
    screen: "390x844",
    language: "de-DE",
    timezone: "Europe/Berlin",
    event_version: 1,
  };
  for (const [field, value] of Object.entries(optional)) if (random.chance(0.6)) event[field] = value;
  return event;
};

/** A batch that is accepted as it is; `first` is the index of its first event. */
export const soundBatch = (
  draw: Draw,
  count: number,
  first = 0,
): JsonObject & { events: Array<JsonObject> } => ({
  events: Array.from({ length: count }, (_, n) => soundEvent(draw, first + n)),
});

/** Mostly a few events, now and then many. */
export const someEvents = (random: Random): number =>
  random.chance(0.04) ? within(random, 20, 60) : within(random, 1, 4);

/** The bytes of a batch that is accepted as it is. */
export const soundBody = (draw: Draw, first = 0): Buffer =>
  Buffer.from(JSON.stringify(soundBatch(draw, someEvents(draw.random), first)));
