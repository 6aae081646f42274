import { BoundedCache } from "../bounded-cache.ts";
import { type KnownKind, kindOfSource } from "./source-kind.ts";

/** All channels, in the order in which their rules are tried. */
export const channels = [
  "direct",
  "cross_network",
  "paid_shopping",
  "paid_search",
  "paid_social",
  "paid_video",
  "display",
  "paid_other",
  "organic_shopping",
  "organic_social",
  "organic_video",
  "organic_search",
  "ai_assistant",
  "referral",
  "email",
  "affiliates",
  "audio",
  "sms",
  "mobile_push",
  "unassigned",
] as const;

export type Channel = (typeof channels)[number];

/** What is known of how a visitor came; every text may be "". UTM values in any case, domains in lower case. */
export interface Arrival {
  readonly referrerDomain: string;
  readonly siteHost: string;
  readonly utmSource: string;
  readonly utmMedium: string;
  readonly utmCampaign: string;
  readonly clickIdType: string;
}

const paidKinds: Partial<Record<KnownKind, Channel>> = {
  shopping: "paid_shopping",
  search: "paid_search",
  social: "paid_social",
  video: "paid_video",
};
const organicKinds: Partial<Record<KnownKind, Channel>> = {
  shopping: "organic_shopping",
  social: "organic_social",
  video: "organic_video",
  search: "organic_search",
  ai: "ai_assistant",
};

/** What a medium says: "cpm" is paid where the source is on a list, and display elsewhere. */
type MediumRule = "none" | "cpm" | "paid" | Channel;

const mediumRules: readonly (readonly [rule: MediumRule, test: RegExp])[] = [
  ["none", /^(?:|\(not set\)|\(none\))$/],
  ["cpm", /^cpm$/],
  ["display", /^(?:display|banner|expandable|interstitial)$/],
  ["paid", /cp|^(?:ppc|retargeting|paid.*)$/],
  ["organic_social", /^(?:social|social-network|social-media|sm|social network|social media)$/],
  ["organic_video", /video/],
  ["organic_search", /^organic$/],
  ["referral", /^(?:referral|app|link)$/],
  ["email", /^e[-_ ]?mail$/],
  ["affiliates", /^affiliates?$/],
  ["audio", /^audio$/],
  ["sms", /^sms$/],
  ["mobile_push", /push$|mobile|notification/],
];

const mediumCache = new BoundedCache<MediumRule>(4096, 200);
const ruleOfMedium = (medium: string): MediumRule => {
  const known = mediumCache.get(medium);
  if (known !== undefined) return known;
  const lower = medium.trim().toLowerCase();
  const rule = mediumRules.find(([, test]) => test.test(lower))?.[0] ?? "unassigned";
  mediumCache.set(medium, rule);
  return rule;
};

/** "eshop" and "summer shop", but not "workshop". */
const shopCampaign = /(?:^|[^a-df-z])shop|shopping/;

type CampaignRule = "cross" | "shop" | "";
const campaignCache = new BoundedCache<CampaignRule>(8192, 200);
const ruleOfCampaign = (campaign: string): CampaignRule => {
  if (campaign === "") return "";
  const known = campaignCache.get(campaign);
  if (known !== undefined) return known;
  const lower = campaign.toLowerCase();
  const rule = lower.includes("cross-network") ? "cross" : shopCampaign.test(lower) ? "shop" : "";
  campaignCache.set(campaign, rule);
  return rule;
};

/** `fbclid` is on every link that leaves Facebook and Instagram, so it tells the place but not that anyone paid. */
const clickChannels: ReadonlyMap<string, Channel> = new Map<string, Channel>([
  ...["gclid", "wbraid", "gbraid", "msclkid", "yclid", "ymclid", "sznclid"].map((id): [string, Channel] => [
    id,
    "paid_search",
  ]),
  ...["ttclid", "twclid", "li_fat_id", "ScCid", "epik", "rdt_cid", "qclid"].map((id): [string, Channel] => [
    id,
    "paid_social",
  ]),
  ...["dclid", "tblci", "obclid", "dicbo"].map((id): [string, Channel] => [id, "display"]),
  ...["irclickid", "cjevent", "awc"].map((id): [string, Channel] => [id, "affiliates"]),
  ["fbclid", "organic_social"],
]);

const siteCache = new BoundedCache<string>(4096, 255);
const domainOfSite = (host: string): string => {
  const known = siteCache.get(host);
  if (known !== undefined) return known;
  const domain = host
    .toLowerCase()
    .replace(/:\d+$/, "")
    .replace(/^www\./, "");
  siteCache.set(host, domain);
  return domain;
};

/** Whether a referrer is the site itself or one of its subdomains. */
export const isInternal = (referrerDomain: string, siteHost: string): boolean => {
  if (referrerDomain === "" || siteHost === "") return false;
  const site = domainOfSite(siteHost);
  const before = referrerDomain.length - site.length - 1;
  if (before < 0) return referrerDomain === site;
  return site !== "" && referrerDomain.charCodeAt(before) === 46 && referrerDomain.endsWith(site);
};

/** The channel that a click id alone tells; the place the visitor came from says more about Google's other surfaces. */
const byClick = (clickIdType: string, kind: KnownKind, campaign: CampaignRule): Channel | undefined => {
  const channel = clickChannels.get(clickIdType);
  if (channel !== "paid_search") return channel;
  return campaign === "shop" || kind === "shopping"
    ? "paid_shopping"
    : kind === "video"
      ? "paid_video"
      : channel;
};

const sourceChannels: ReadonlyMap<string, Channel> = new Map([
  ["email", "email"],
  ["sms", "sms"],
  ["firebase", "mobile_push"],
]);

/** The rules in their order; `undefined` when none fits. */
const byRules = (
  source: string,
  kind: KnownKind,
  medium: MediumRule,
  campaign: CampaignRule,
): Channel | undefined => {
  if (campaign === "cross") return "cross_network";
  const place: KnownKind = campaign === "shop" ? "shopping" : kind;
  if (medium === "paid" || medium === "cpm") {
    return paidKinds[place] ?? (medium === "cpm" ? "display" : "paid_other");
  }
  if (medium === "display") return medium;
  if (place === "shopping") return "organic_shopping";
  if (kind === "social" || medium === "organic_social") return "organic_social";
  if (kind === "video" || medium === "organic_video") return "organic_video";
  const organic = organicKinds[kind];
  if (organic !== undefined) return organic;
  if (medium !== "none" && medium !== "unassigned") return medium;
  return kind === "email" ? "email" : sourceChannels.get(source.toLowerCase());
};

/**
 * How a visitor came, by the rules and in the order of Google Analytics 4's default channel group
 * (support.google.com/analytics/answer/9756891), so that numbers can be compared, with these differences:
 *
 * - visits from assistants such as ChatGPT are `ai_assistant`, referrers that are mail programs `email`;
 * - without a medium, a click id stands for what its advertising network sells ("gclid" is `paid_search`);
 * - a referrer that is the site itself or a subdomain of it is no referrer;
 * - a `utm_source` without a medium that is on no list falls back to the referrer, and a domain is a `referral`.
 *
 * Tagged visits that fit no rule are `unassigned`. Never throws.
 */
export const channelOf = (arrival: Arrival): Channel => {
  const { utmSource, utmMedium, utmCampaign, clickIdType } = arrival;
  const referrer = isInternal(arrival.referrerDomain, arrival.siteHost) ? "" : arrival.referrerDomain;
  const source = utmSource === "" ? referrer : utmSource;
  if (source === "" && utmMedium === "" && utmCampaign === "" && clickIdType === "") return "direct";

  const kind = source === "" ? "" : kindOfSource(source);
  const medium = utmMedium === "" ? "none" : ruleOfMedium(utmMedium);
  const campaign = ruleOfCampaign(utmCampaign);
  if (medium === "none" && clickIdType !== "" && campaign !== "cross") {
    const clicked = byClick(clickIdType, kind, campaign);
    if (clicked !== undefined) return clicked;
  }
  const channel = byRules(source, kind, medium, campaign);
  if (channel !== undefined) return channel;
  if (medium !== "none") return "unassigned";
  if (utmSource === "") return referrer === "" ? (utmCampaign === "" ? "direct" : "unassigned") : "referral";
  if (/^\(?direct\)?$/i.test(utmSource)) return "direct";
  if (referrer === "") return utmSource.includes(".") ? "referral" : "unassigned";
  return byRules(referrer, kindOfSource(referrer), medium, campaign) ?? "referral";
};
