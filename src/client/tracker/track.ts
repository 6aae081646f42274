import { enqueue } from "./delivery.ts";
import { identity, newId } from "./identity.ts";
import { settings } from "./page.ts";
import type { Properties, TrackerEvent } from "./wire.ts";

// A fragment can carry secrets and never reaches a server by itself: it stays in the browser.
const address = () => location.href.split("#")[0] as string;

const withoutQuery = (url: string) => url.split("?")[0];

let referrer = document.referrer;
let page = address();

/**
 * Whether a history navigation led to another path: then the page left becomes the referrer, as it would with a full
 * load. Another query or fragment is the same page.
 */
export const turnPage = (): boolean => {
  const turned = withoutQuery(page) !== withoutQuery(address());
  if (turned) {
    referrer = page;
    page = address();
  }
  return turned;
};

/** Builds one event about the current page and queues it. Properties are copied now, so later changes do not reach it. */
export const track = (type: string, properties: Properties = {}): TrackerEvent => {
  const event: TrackerEvent = {
    event_id: newId(),
    event_type: type,
    occurred_at: Date.now(),
    site_id: settings.site,
    source: settings.source,
    page_url: address(),
    page_title: document.title,
    referrer,
    // biome-ignore lint/style/useTemplate: four bytes of the script's budget
    screen: screen.width + "x" + screen.height,
    language: navigator.language,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...identity(),
    properties: JSON.parse(JSON.stringify(properties)),
  };
  enqueue(event);
  return event;
};
