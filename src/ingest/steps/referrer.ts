import { BoundedCache } from "../bounded-cache.ts";

const maxReferrerLength = 4096;
const cache = new BoundedCache<string>(32_768, 512);

const domain = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/;
const appScheme = /^(?:android|ios)-app:\/\/([^/?#]+)/i;

const domainOf = (host: string): string => {
  const bare = host.toLowerCase().replace(/\.$/, "");
  const known = bare.startsWith("www.") && bare.indexOf(".", 4) > 0 ? bare.slice(4) : bare;
  return known.length <= 253 && domain.test(known) ? known : "";
};

const read = (referrer: string): string => {
  const text = referrer.trim().slice(0, maxReferrerLength);
  const app = appScheme.exec(text)?.[1];
  if (app !== undefined) return domainOf(app);
  // A bare domain is what `referrer_domain` holds, and what some apps send as the referrer.
  const parsed = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`);
  if (parsed === null || (parsed.protocol !== "https:" && parsed.protocol !== "http:")) return "";
  return domainOf(parsed.hostname);
};

/**
 * The domain a referrer stands for: lower case, punycode, without "www." and port ("https://www.Google.com/search?q=…"
 * and "google.com" are both "google.com"); for an app its package ("android-app://com.google.android.gm/" is
 * "com.google.android.gm"). "" for none, an address, a local name or anything that is not a referrer. Never throws.
 * The rest of the referrer is not kept.
 */
export const referrerDomain = (referrer: string): string => {
  if (referrer === "") return "";
  const known = cache.get(referrer);
  if (known !== undefined) return known;
  const found = read(referrer);
  cache.set(referrer, found);
  return found;
};
