import type { EventInput } from "../../domain/event.ts";
import { Draft, type IngestContext } from "../../ingest/draft.ts";
import { ordinaryPrivacy } from "../../ingest/privacy/request-privacy.ts";
import type { VisitorKeys } from "../../ingest/visitor.ts";

/** The moment at which test requests arrive. */
export const receivedAt = Date.parse("2026-11-21T12:00:00.000Z");

// Readable instead of hashed: what went in is what a test wants to see.
const readableKeys: VisitorKeys = {
  clientVisitor: (project, id) => `client ${project} ${id}`,
  session: (project, id) => `session ${project} ${id}`,
  cookielessVisitor: (project, site, address, agent, at) =>
    `cookieless ${project} ${site} ${address} ${agent} ${at}`,
  prune: () => {},
  problem: () => undefined,
};

/** What is known of an ordinary request, with some of it replaced. */
export const testContext = (overrides: Partial<IngestContext> = {}): IngestContext => ({
  project: "default",
  receivedAt,
  clockSkewMs: 0,
  retentionMs: 90 * 86_400_000,
  originHost: "",
  userAgent: "request agent",
  address: "192.0.2.1",
  place: { country: "", region: "" },
  visitorKeys: readableKeys,
  privacy: ordinaryPrivacy,
  checkText: true,
  newId: () => "made id",
  isNew: () => true,
  ...overrides,
});

/** A draft of an event that is valid but for what is given. */
export const draftOf = (input: Partial<EventInput> = {}): Draft =>
  new Draft({ event_type: "page_view", ...input });

/** A valid event of each type whose properties are checked. */
export const typedEvents = {
  widget_impression: {
    mapping_id: 456,
    post_id: 123,
    widget_index: 0,
    device_slug: "iphone-15-pro",
    raw_model: "iPhone 15 Pro",
    viewport_percent: 62.5,
  },
  widget_click: {
    mapping_id: 456,
    post_id: 123,
    device_slug: "iphone-15-pro",
    click_target: "title",
    destination_url: "https://example.org/",
  },
  device_page_view: {
    device_id: 7,
    device_slug: "iphone-15-pro",
    brand: "Apple",
    view_source: "search",
    referrer_mapping_id: 456,
  },
} as const;

/** Properties nested so deep, the properties object itself being 1. */
export const nested = (depth: number): Record<string, unknown> =>
  depth === 1 ? {} : { in: nested(depth - 1) };
