import { BoundedCache } from "../bounded-cache.ts";
import { maskEmails, maskPersonal, maxPathLength } from "./path-mask.ts";

/** A page's address without anything personal in it; every text is "" when the URL does not have it. */
export interface PageAddress {
  /** Origin, masked path, and of the query only campaign parameters and click ids, in a fixed order. */
  readonly url: string;
  /** Lower case, punycode, with the port unless it is the scheme's own. */
  readonly host: string;
  readonly path: string;
  readonly utmSource: string;
  readonly utmMedium: string;
  readonly utmCampaign: string;
  readonly utmTerm: string;
  readonly utmContent: string;
  /** The parameter that brought the click id ("gclid"), and the id. The first of `clickIdTypes` if there are several. */
  readonly clickIdType: string;
  readonly clickId: string;
}

/** What is kept of a query besides the campaign parameters. */
export interface PageRules {
  /** Parameters that are not kept either, in lower case. */
  readonly excludedParameters: ReadonlySet<string>;
  /** Whether click ids are kept; their kind always is, for it tells a paid visit from another. */
  readonly withClickIds: boolean;
}

/** Longest campaign value and click id kept, in UTF-16 units. */
const maxValueLength = 200;
const maxClickIdLength = 512;
const maxUrlLength = 16_384;

const utmNames = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id"] as const;

/**
 * Parameters by which advertising networks recognize a click, the most telling first. By networks: Google (gclid, wbraid,
 * gbraid, dclid), Microsoft, Meta, TikTok, X, LinkedIn, Yandex (yclid, ymclid), Snapchat, Pinterest, Reddit, Quora, Seznam,
 * Taboola, Outbrain, Impact, CJ, Awin.
 */
export const clickIdTypes = [
  ...[
    "gclid",
    "wbraid",
    "gbraid",
    "msclkid",
    "dclid",
    "ttclid",
    "twclid",
    "li_fat_id",
    "yclid",
    "ymclid",
    "ScCid",
  ],
  ...[
    "epik",
    "rdt_cid",
    "qclid",
    "sznclid",
    "tblci",
    "obclid",
    "dicbo",
    "irclickid",
    "cjevent",
    "awc",
    "fbclid",
  ],
] as const;

const spelling = new Map<string, string>(
  [...utmNames, ...clickIdTypes].map((name) => [name.toLowerCase(), name]),
);
const controls = /\p{Cc}+/gu;

const cut = (text: string, length: number): string =>
  text.length > length ? text.slice(0, length).toWellFormed() : text;

/**
 * The known parameters of a query, each the first time it has a value; names in any case ("UTM_Source"). `excluded` are
 * passed over as if they were not known.
 */
const readQuery = (query: URLSearchParams, excluded: ReadonlySet<string>): Map<string, string> => {
  const found = new Map<string, string>();
  for (const [key, value] of query) {
    const lower = key.toLowerCase();
    const name = spelling.get(lower);
    if (name === undefined || found.has(name) || excluded.has(lower)) continue;
    const clean = value.replace(controls, "").trim();
    const kept = name.startsWith("utm_")
      ? cut(maskPersonal(cut(clean, maxValueLength * 2)), maxValueLength).trim()
      : cut(maskEmails(cut(clean, maxClickIdLength * 2)), maxClickIdLength);
    if (kept !== "") found.set(name, kept);
  }
  return found;
};

const writeQuery = (found: ReadonlyMap<string, string>): string => {
  if (found.size === 0) return "";
  const query = new URLSearchParams();
  for (const name of [...utmNames, ...clickIdTypes]) {
    const value = found.get(name);
    if (value !== undefined) query.append(name, value);
  }
  return `?${query}`;
};

/**
 * A path without query and fragment, without control characters, with e-mail addresses and long numbers masked (see
 * `maskPersonal`), at most 2048 characters; always with a leading "/", but "" stays "". Cleaning twice changes nothing.
 */
export const cleanPath = (path: string): string => {
  if (path === "") return "";
  const end = path.search(/[?#]/);
  // Twice the length that is kept: what the cut leaves of an address must not stand at the end.
  const bare = cut(end < 0 ? path : path.slice(0, end), maxPathLength * 2)
    .replace(controls, "")
    .toWellFormed();
  const masked = maskPersonal(bare.startsWith("/") ? bare : `/${bare}`);
  return masked.length <= maxPathLength
    ? masked
    : cut(masked, maxPathLength).replace(/%[0-9a-f]?$|\[[a-z]*$/i, "");
};

const nothing: ReadonlyMap<string, string> = new Map();

const clean = (text: string, { excludedParameters, withClickIds }: PageRules): PageAddress | undefined => {
  const parsed = URL.parse(cut(text, maxUrlLength));
  if (parsed === null || (parsed.protocol !== "https:" && parsed.protocol !== "http:")) return undefined;
  const path = cleanPath(parsed.pathname);
  const found = parsed.search === "" ? nothing : readQuery(parsed.searchParams, excludedParameters);
  const clickIdType = (found.size > 0 && clickIdTypes.find((name) => found.has(name))) || "";
  const shown = withClickIds ? found : new Map([...found].filter(([name]) => name.startsWith("utm_")));
  return {
    url: `${parsed.origin}${path}${writeQuery(shown)}`,
    host: parsed.host,
    path,
    utmSource: found.get("utm_source") ?? "",
    utmMedium: found.get("utm_medium") ?? "",
    utmCampaign: found.get("utm_campaign") ?? "",
    utmTerm: found.get("utm_term") ?? "",
    utmContent: found.get("utm_content") ?? "",
    clickIdType,
    clickId: shown.get(clickIdType) ?? "",
  };
};

/** Cleans an absolute http or https URL; `undefined` for anything else. */
export type CleanPageUrl = (url: string) => PageAddress | undefined;

/**
 * A cleaner of pages' addresses. Credentials, fragment and all of the query that is not named in `PageAddress` are
 * dropped. Answers are shared and frozen; a repeated URL of up to 512 characters, of the last `limit` ones, costs one map
 * look-up.
 */
export const pageUrlCleaner = (rules: PageRules, limit: number): CleanPageUrl => {
  const cache = new BoundedCache<PageAddress>(limit, 512);
  return (url) => {
    const known = cache.get(url);
    if (known !== undefined) return known;
    const address = clean(url, rules);
    if (address !== undefined) cache.set(url, Object.freeze(address));
    return address;
  };
};

/** Cleans an absolute http or https URL by the ordinary rules; `undefined` for anything else. */
export const cleanPageUrl = pageUrlCleaner({ excludedParameters: new Set(), withClickIds: true }, 32_768);
