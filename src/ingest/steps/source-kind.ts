import { BoundedCache } from "../bounded-cache.ts";
import { brandKinds, domainKinds, nameKinds, type SourceKind } from "./channel-domains.ts";

/** "" is a source that is on no list. */
export type KnownKind = SourceKind | "";

const cache = new BoundedCache<KnownKind>(16_384, 255);
const countrySuffix = /^(?:com|cat|[a-z]{2}|(?:com?|or|ne)\.[a-z]{2})$/;
/** What a brand keeps under the same name in every country ("mail.yahoo.de", "shopping.google.fr"). */
const departments: ReadonlyMap<string, SourceKind> = new Map([
  ["mail", "email"],
  ["shopping", "shopping"],
]);

const kindOfBrand = (labels: readonly string[]): KnownKind => {
  for (const [i, label] of labels.entries()) {
    const kind = brandKinds.get(label);
    if (kind !== undefined && countrySuffix.test(labels.slice(i + 1).join("."))) {
      return departments.get(labels[i - 1] ?? "") ?? kind;
    }
  }
  return "";
};

const read = (source: string): KnownKind => {
  const name = source.toLowerCase().replace(/^www\./, "");
  const named = nameKinds.get(name);
  if (named !== undefined) return named;
  const labels = name.split(".");
  for (let i = 0; i < labels.length - 1; i++) {
    const kind = domainKinds.get(labels.slice(i).join("."));
    if (kind !== undefined) return kind;
  }
  return kindOfBrand(labels);
};

/**
 * What kind of place a source is: a domain with all its subdomains, whole labels only ("notgoogle.com" is not Google), an
 * app package, or a bare name as in `utm_source=fb`; upper and lower case are the same.
 */
export const kindOfSource = (source: string): KnownKind => {
  const known = cache.get(source);
  if (known !== undefined) return known;
  const kind = read(source);
  cache.set(source, kind);
  return kind;
};
