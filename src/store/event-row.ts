import type { Draft, IngestContext } from "../ingest/draft.ts";
import type { PageAddress } from "../ingest/steps/page-url.ts";
import type { AgentFacts } from "../ingest/steps/user-agent.ts";

/**
 * The columns of `landing` in the order of an encoded row. The batch number comes first and is written by the writer,
 * which alone knows it.
 */
export const eventColumns = [
  "batch",
  "project_id",
  "event_type",
  "event_version",
  "event_id",
  "occurred_at",
  "received_at",
  "visitor_id",
  "session_id",
  "user_id",
  "site_id",
  "source",
  "page_url",
  "utm_source",
  "utm_medium",
  "utm_campaign",
  "utm_term",
  "utm_content",
  "click_id_type",
  "click_id",
  "page_path",
  "page_title",
  "referrer_domain",
  "channel",
  "country",
  "region",
  "device_type",
  "browser",
  "browser_version",
  "os",
  "os_version",
  "is_bot",
  "screen",
  "language",
  "timezone",
  "mapping_id",
  "post_id",
  "device_slug",
  "properties",
] as const;

const quote = (text: string): string => (text === "" ? '""' : JSON.stringify(text));
const quoteOptional = (text: string | null | undefined): string => (text ? JSON.stringify(text) : '""');

const list = (texts: ReadonlyArray<string>): string => texts.map(quote).join(",");

// The steps answer with shared objects, so what they say is encoded once and not once per event.
const remember = <K extends object>(encode: (key: K) => string) => {
  const known = new WeakMap<K, string>();
  return (key: K): string => {
    const seen = known.get(key);
    if (seen !== undefined) return seen;
    const text = encode(key);
    known.set(key, text);
    return text;
  };
};

const pageColumns = remember((page: PageAddress) =>
  list([
    page.url,
    page.utmSource,
    page.utmMedium,
    page.utmCampaign,
    page.utmTerm,
    page.utmContent,
    page.clickIdType,
    page.clickId,
  ]),
);

const agentColumns = remember(
  (agent: AgentFacts) =>
    `${list([agent.deviceType, agent.browser, agent.browserVersion, agent.os, agent.osVersion])},${agent.isBot}`,
);

const placeColumns = remember((place: IngestContext["place"]) => list([place.country, place.region]));

/** One row of `JSONCompactEachRow` without its brackets and its batch number; it holds no line break. */
export const encodeRow = (draft: Draft, context: IngestContext): string => {
  const { input } = draft;
  return (
    `${quote(context.project)},${quote(input.event_type)},${draft.eventVersion},${quote(draft.eventId)},` +
    `${draft.occurredAt},${context.receivedAt},${draft.visitorId},${draft.sessionId},${quote(draft.userId)},` +
    `${quote(draft.siteId)},${quote(draft.source)},${pageColumns(draft.page)},${quote(draft.path)},` +
    `${quoteOptional(input.page_title)},${quote(draft.referrerDomain)},${quote(draft.channel)},` +
    `${placeColumns(context.place)},${agentColumns(draft.agent)},${quoteOptional(input.screen)},` +
    `${quoteOptional(input.language)},${quoteOptional(input.timezone)},${draft.mappingId},${draft.postId},` +
    `${quote(draft.deviceSlug)},${quote(draft.properties)}`
  );
};

/** The bytes of one insert: the rows, each with the number of its batch. */
export const encodeBatch = (rows: ReadonlyArray<string>, batch: number): Buffer =>
  Buffer.from(`[${batch},${rows.join(`]\n[${batch},`)}]\n`);
