import type { EventInput } from "../../domain/event.ts";
import type { Place } from "../../ingest/steps/geo.ts";
import { type Random, ulidAt } from "./random.ts";
import type { Visitor } from "./visitors.ts";
import type { Arrival } from "./world/arrivals.ts";
import type { Phone } from "./world/phones.ts";
import type { Post, Widget } from "./world/sites.ts";

/** What one page view sends: its events, with what the service learns of their sender. */
export interface TrafficRequest {
  /** In the wire format, in the order in which they happened. */
  readonly events: Array<EventInput>;
  readonly userAgent: string;
  readonly place: Place;
  /** Epoch ms; not before any of the events, and seconds after them. */
  readonly receivedAt: number;
  readonly siteId: string;
  /** 0 for a page that is no post. */
  readonly postId: number;
  /** The first request of a visit, and of a visitor. */
  readonly startsSession: boolean;
  readonly startsVisitor: boolean;
  readonly isCrawler: boolean;
}

const MOST_PAGES = 12;
/** A reader who has seen a widget scrolls on to the next one. */
const SCROLL_ON = 0.84;
const READ_ON = 0.42;
const LEAVE_AFTER_SHOP = 0.6;
/** Of the clicks on a widget, how many lead to the site's own page of the phone; the others to a shop. */
const CLICK_STAYS = 0.45;

type Page =
  | { readonly kind: "home" }
  | { readonly kind: "post"; readonly post: Post }
  | {
      readonly kind: "phone";
      readonly phone: Phone;
      readonly from: Widget | undefined;
      readonly found: string;
    };

const pathOf = (page: Page): string =>
  page.kind === "home" ? "/" : page.kind === "post" ? page.post.path : `/device/${page.phone.slug}/`;

const wait = (random: Random, lowSeconds: number, highSeconds: number): number =>
  Math.floor(random.between(lowSeconds, highSeconds) * 1000);

/**
 * One visit from `start`: its page views in order, each with the widgets that were seen and clicked there. What would
 * happen after `until` is left out, because it has not happened yet. Both in epoch ms, `start` before `until`.
 */
export const makeVisit = (
  visitor: Visitor,
  start: number,
  until: number,
  arrival: Arrival,
  random: Random,
): ReadonlyArray<TrafficRequest> => {
  const { site, isCrawler } = visitor;
  const isNew = visitor.lastSeen === 0;
  const sessionId = `${visitor.id}.${start.toString(36)}`;
  const requests: Array<TrafficRequest> = [];
  let at = start;

  const somePost = (): Page => ({ kind: "post", post: site.popular.pick(random) });
  const firstPage = (): Page => {
    const kind = random.next();
    if (arrival.referrer === "" && arrival.query === "" && kind < 0.4) return { kind: "home" };
    if (kind > 0.94) {
      const { widgets } = site.popular.pick(random);
      const phone = widgets[random.below(widgets.length)]?.phone;
      if (phone !== undefined)
        return {
          kind: "phone",
          phone,
          from: undefined,
          found: arrival.referrer === "" ? "direct" : "search",
        };
    }
    return somePost();
  };

  let page: Page | undefined = firstPage();
  let referrer = arrival.referrer;
  let query = arrival.query;
  while (page !== undefined && at <= until && requests.length < MOST_PAGES) {
    const url = `https://${site.id}${pathOf(page)}`;
    const title =
      page.kind === "home"
        ? site.name
        : `${page.kind === "post" ? page.post.title : page.phone.name} – ${site.name}`;
    const pageUrl = url + query;
    const pageReferrer = referrer;
    const events: Array<EventInput> = [];
    const add = (type: string, properties: Readonly<Record<string, unknown>>) => {
      if (at > until) return;
      events.push({
        event_id: ulidAt(at, random),
        event_type: type,
        occurred_at: at,
        site_id: site.id,
        source: site.source,
        page_url: pageUrl,
        page_title: title,
        referrer: pageReferrer,
        screen: visitor.screen,
        language: visitor.language,
        timezone: visitor.timezone,
        visitor_id: visitor.id,
        session_id: sessionId,
        properties,
      });
      visitor.lastSeen = at;
    };

    add("page_view", {});
    let next: Page | undefined;
    if (page.kind === "home") {
      if (random.chance(0.7)) next = somePost();
    } else if (page.kind === "phone") {
      const { phone, from, found } = page;
      at += wait(random, 0.1, 0.4);
      add("device_page_view", {
        device_id: phone.id,
        device_slug: phone.slug,
        brand: phone.brand,
        view_source: found,
        ...(from === undefined ? {} : { referrer_mapping_id: from.mappingId }),
      });
      if (random.chance(READ_ON)) next = somePost();
    } else {
      const { post } = page;
      let stays = true;
      for (const widget of post.widgets) {
        if (!isCrawler && !random.chance(SCROLL_ON)) break;
        at += isCrawler ? 20 : wait(random, 1.5, 18);
        const { mappingId: mapping_id, phone } = widget;
        const mapping = { mapping_id, post_id: post.id, device_slug: phone.slug };
        add("widget_impression", {
          ...mapping,
          widget_index: widget.index,
          raw_model: widget.rawModel,
          viewport_percent: isCrawler ? 100 : 50 + random.below(51),
        });
        if (isCrawler || !random.chance(widget.appeal)) continue;
        at += wait(random, 0.8, 9);
        const inside = random.chance(CLICK_STAYS);
        add("widget_click", {
          ...mapping,
          click_target: inside ? phone.name : random.chance(0.7) ? "cta" : "Compare prices",
          destination_url: inside
            ? `https://${site.id}/device/${phone.slug}/`
            : `https://shop.example/p/${phone.slug}?partner=${site.id}`,
        });
        if (inside) {
          next = { kind: "phone", phone, from: widget, found: "widget" };
          break;
        }
        stays = !random.chance(LEAVE_AFTER_SHOP);
        if (!stays) break;
      }
      if (next === undefined && stays && random.chance(READ_ON)) next = somePost();
    }

    const last = visitor.lastSeen;
    requests.push({
      events,
      userAgent: visitor.userAgent,
      place: visitor.place,
      receivedAt: Math.min(until, last + wait(random, 0.05, 5)),
      siteId: site.id,
      postId: page.kind === "post" ? page.post.id : 0,
      startsSession: requests.length === 0,
      startsVisitor: isNew && requests.length === 0,
      isCrawler,
    });
    at += isCrawler ? wait(random, 1, 20) : random.chance(0.08) ? wait(random, 90, 900) : wait(random, 3, 50);
    page = next;
    referrer = url;
    query = "";
  }
  return requests;
};
