import { type Drop, noPage, type Step } from "../draft.ts";
import { rememberLast } from "../remember-last.ts";
import { channelOf, isInternal } from "./channel.ts";
import { cleanPath, type PageAddress } from "./page-url.ts";
import { referrerDomain } from "./referrer.ts";

const domainOf = rememberLast(referrerDomain);

/** The page without anything personal in its address. */
export const putPage: Step = (draft, { privacy }) => {
  const { page_url, page_path } = draft.input;
  if (page_url) draft.page = privacy.pageAddress(page_url) ?? draft.page;
  draft.path = page_path ? cleanPath(page_path) : draft.page.path;
  return undefined;
};

const excludedPath: Drop = { code: "excluded_path", message: "The project takes no events from this path." };

/** Paths that the project does not want to know of, as they would be stored. */
export const dropExcludedPath: Step = (draft, { privacy }) =>
  privacy.excludesPath?.(draft.path) === true ? excludedPath : undefined;

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

const arrivalOf = (domain: string, page: PageAddress, siteId: string) => {
  const siteHost = page.host || siteId;
  const referrerDomain = domain !== "" && isInternal(domain, siteHost) ? "" : domain;
  const { utmSource, utmMedium, utmCampaign, clickIdType } = page;
  const channel = channelOf({ referrerDomain, siteHost, utmSource, utmMedium, utmCampaign, clickIdType });
  return { domain, page, siteId, referrerDomain, channel };
};

// The events of a batch mostly come from one page.
let last = arrivalOf("", noPage, "");

/** Where the visitor came from; a site's own pages are not a referrer. */
export const putArrival: Step = (draft) => {
  const { referrer, referrer_domain } = draft.input;
  const domain = referrer_domain
    ? domainOf(`https://${referrer_domain}/`)
    : referrer
      ? domainOf(referrer)
      : "";
  if (domain !== last.domain || draft.page !== last.page || draft.siteId !== last.siteId) {
    last = arrivalOf(domain, draft.page, draft.siteId);
  }
  draft.referrerDomain = last.referrerDomain;
  draft.channel = last.channel;
  return undefined;
};
