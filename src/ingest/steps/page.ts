import type { Step } from "../draft.ts";
import { rememberLast } from "../remember-last.ts";
import { channelOf, isInternal } from "./channel.ts";
import { cleanPageUrl, cleanPath } from "./page-url.ts";
import { referrerDomain } from "./referrer.ts";

const addressOf = rememberLast(cleanPageUrl);
const domainOf = rememberLast(referrerDomain);

/** The page without anything personal in its address. */
export const putPage: Step = (draft) => {
  const { page_url, page_path } = draft.input;
  if (page_url) draft.page = addressOf(page_url) ?? draft.page;
  draft.path = page_path ? cleanPath(page_path) : draft.page.path;
  return undefined;
};

/** The site: named by the sender, else the page's host, else the host that the request came from. */
export const putSite: Step = (draft, context) => {
  draft.siteId = draft.input.site_id ?? (draft.page.host || context.originHost);
  return undefined;
};

/** The kind of sender: named by it, else told from whether there is a page. */
export const putSource: Step = (draft) => {
  draft.source = draft.input.source ?? (draft.page.host === "" ? "api" : "web");
  return undefined;
};

/** Where the visitor came from; a site's own pages are not a referrer. */
export const putArrival: Step = (draft) => {
  const { referrer, referrer_domain } = draft.input;
  const domain = referrer_domain
    ? domainOf(`https://${referrer_domain}/`)
    : referrer
      ? domainOf(referrer)
      : "";
  const { page } = draft;
  const siteHost = page.host || draft.siteId;
  draft.referrerDomain = domain !== "" && isInternal(domain, siteHost) ? "" : domain;
  draft.channel = channelOf({
    referrerDomain: draft.referrerDomain,
    siteHost,
    utmSource: page.utmSource,
    utmMedium: page.utmMedium,
    utmCampaign: page.utmCampaign,
    clickIdType: page.clickIdType,
  });
  return undefined;
};
