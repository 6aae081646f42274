import { expect, test } from "bun:test";
import type { EventInput } from "../../domain/event.ts";
import { draftOf, testContext } from "../../testing/service/ingest-context.ts";
import { putArrival, putPage, putSite, putSource } from "./page.ts";

const put = (input: Partial<EventInput>, originHost = "") => {
  const draft = draftOf(input);
  for (const step of [putPage, putSite, putSource, putArrival]) step(draft, testContext({ originHost }));
  return draft;
};

const sites: ReadonlyArray<
  readonly [name: string, input: Partial<EventInput>, origin: string, site: string]
> = [
  ["the sender's own word", { site_id: "a.org", page_url: "https://b.org/" }, "c.org", "a.org"],
  ["else the page's host", { page_url: "https://B.org:8443/x" }, "c.org", "b.org:8443"],
  ["else the origin's host", {}, "c.org", "c.org"],
  ["else the origin's host, when the page has none", { page_url: "about:blank" }, "c.org", "c.org"],
  ["else nothing", {}, "", ""],
  ["null is no word", { site_id: null, page_url: "https://b.org/" }, "", "b.org"],
];

test.each([...sites])("the site is %s", (_, input, origin, site) => {
  expect(put(input, origin).siteId).toBe(site);
});

test.each([
  [{ source: "wordpress", page_url: "https://b.org/" }, "wordpress"],
  [{ page_url: "https://b.org/" }, "web"],
  [{ page_url: "no address" }, "api"],
  [{}, "api"],
] as const)("%j has the source %s", (input, source) => {
  expect(put(input).source).toBe(source);
});

test.each([
  [{ page_url: "https://b.org/a/b?q=1#c" }, "/a/b"],
  [{ page_url: "https://b.org/a", page_path: "/own?q=1" }, "/own"],
  [{ page_path: "own" }, "/own"],
  [{ page_url: "https://b.org/a", page_path: "" }, "/a"],
  [{ page_path: "/user/jane@example.org/4111-1111-1111-1111" }, "/user/[email]/[number]"],
  [{ page_url: "javascript:alert(1)" }, ""],
  [{}, ""],
] as const)("%j has the path %s", (input, path) => {
  expect(put(input).path).toBe(path);
});

test("of the query only campaigns and click ids stay, as columns of their own", () => {
  const page_url = "https://u:p@b.org/x?utm_source=news&token=secret&gclid=abc&utm_medium=email#frag";
  expect(put({ page_url }).page).toMatchObject({
    url: "https://b.org/x?utm_source=news&utm_medium=email&gclid=abc",
    utmSource: "news",
    utmMedium: "email",
    clickIdType: "gclid",
    clickId: "abc",
  });
});

test.each([
  [{ referrer: "https://www.google.com/search?q=secret" }, "google.com", "organic_search"],
  [{ referrer_domain: "WWW.Google.com" }, "google.com", "organic_search"],
  [{ referrer_domain: "google.com", referrer: "https://other.org/" }, "google.com", "organic_search"],
  [{ page_url: "https://b.org/2", referrer: "https://b.org/1" }, "", "direct"],
  [{ page_url: "https://b.org/2", referrer: "https://www.b.org/1" }, "", "direct"],
  [{ site_id: "b.org", referrer: "https://b.org/1" }, "", "direct"],
  [{ referrer: "https://blog.example/" }, "blog.example", "referral"],
  [{ referrer: "not an address" }, "", "direct"],
  [{ referrer_domain: "a b/c?d@e" }, "", "direct"],
  [{}, "", "direct"],
] as const)("%j came from %p", (input, domain, channel) => {
  const draft = put(input);
  expect([draft.referrerDomain, draft.channel as string]).toEqual([domain, channel]);
});
