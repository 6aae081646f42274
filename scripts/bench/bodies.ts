/** Events of one request, as the tracking script sends them: it fills a batch at 20. */
export const EVENTS_PER_REQUEST = 20;

const POSTS = 500;
const VISITORS = 50_000;

const pick = (n: number) => Math.floor(Math.random() * n);

const propertiesOf = (index: number, post: number): object => {
  const mapping = { mapping_id: post * 5 + (index % 5), post_id: post, device_slug: `iphone-${index % 5}` };
  if (index === 0) return {};
  return index % 6 === 5
    ? { ...mapping, click_target: "Buy now", destination_url: `https://shop.example/p/${index}` }
    : { ...mapping, widget_index: index % 5, raw_model: "iPhone 15 Pro", viewport_percent: 62.5 };
};

/** `count` request bodies: one visitor on one page each, a page view and then widgets; with a key as the script sends it. */
export const makeBodies = (count: number, key?: string): ReadonlyArray<Uint8Array<ArrayBuffer>> =>
  Array.from({ length: count }, () => {
    const post = pick(POSTS);
    const visitor = pick(VISITORS);
    const start = Date.now() - pick(86_400_000);
    const site = `site${post % 5}.example`;
    const events = Array.from({ length: EVENTS_PER_REQUEST }, (_, index) => ({
      event_id: crypto.randomUUID(),
      event_type: index === 0 ? "page_view" : index % 6 === 5 ? "widget_click" : "widget_impression",
      occurred_at: start + index * 900,
      site_id: site,
      source: "wordpress",
      page_url: `https://${site}/2026/01/best-phones-${post}/?utm_source=newsletter`,
      page_title: `Best phones of the year ${post}`,
      referrer: "https://www.google.com/",
      screen: "1920x1080",
      language: "de-DE",
      timezone: "Europe/Berlin",
      visitor_id: `v-${visitor}`,
      session_id: `s-${visitor}`,
      properties: propertiesOf(index, post),
    }));
    return new TextEncoder().encode(JSON.stringify({ events, sent_at: Date.now(), api_key: key }));
  });
