import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { referrerDomain } from "./referrer.ts";

describe("a referrer becomes its domain", () => {
  test.each([
    { name: "https", input: "https://www.google.com/search?q=secret", want: "google.com" },
    {
      name: "capitals, port and credentials",
      input: "HTTP://User:pw@News.Example.ORG:8080/a#b",
      want: "news.example.org",
    },
    { name: "no path", input: "https://duckduckgo.com", want: "duckduckgo.com" },
    { name: "a bare domain", input: "www.example.org", want: "example.org" },
    { name: "a bare domain with a path", input: "example.org/a/b", want: "example.org" },
    { name: "www is a part of the name", input: "https://www.com/", want: "www.com" },
    { name: "www2 stays", input: "https://www2.example.org/", want: "www2.example.org" },
    { name: "a final dot", input: "https://example.org./", want: "example.org" },
    { name: "another script", input: "https://www.bücher.example/", want: "xn--bcher-kva.example" },
    {
      name: "a punycode top level domain",
      input: "https://xn--e1afmkfd.xn--p1ai/",
      want: "xn--e1afmkfd.xn--p1ai",
    },
    { name: "an underscore", input: "https://my_shop.example.org/", want: "my_shop.example.org" },
    {
      name: "Gmail on Android",
      input: "android-app://com.google.android.gm/",
      want: "com.google.android.gm",
    },
    { name: "an app without a slash", input: "android-app://com.Slack", want: "com.slack" },
    {
      name: "an app and its page",
      input: "android-app://org.telegram.messenger/https/t.me/x",
      want: "org.telegram.messenger",
    },
    { name: "spaces around", input: "  https://example.org/  ", want: "example.org" },
    { name: "empty", input: "", want: "" },
    { name: "direct", input: "(direct)", want: "" },
    { name: "about", input: "about:blank", want: "" },
    { name: "data", input: "data:text/html,x", want: "" },
    { name: "file", input: "file:///home/me/page.html", want: "" },
    { name: "an extension", input: "chrome-extension://abcdefghijklmnop/page.html", want: "" },
    { name: "localhost", input: "http://localhost:3000/", want: "" },
    { name: "an address", input: "http://203.0.113.9/", want: "" },
    { name: "an IPv6 address", input: "http://[::1]/", want: "" },
    { name: "a path", input: "/page", want: "" },
    { name: "words", input: "not a referrer", want: "" },
    { name: "script", input: "javascript:alert(1)", want: "" },
    { name: "an e-mail address", input: "john@example.org", want: "example.org" },
    { name: "a very long host", input: `https://${"a.".repeat(200)}org/`, want: "" },
  ])("$name", ({ input, want }) => {
    expect(referrerDomain(input)).toBe(want);
    expect(referrerDomain(input)).toBe(want);
  });

  test("a domain stays as it is, and nothing of the path or query is kept", () => {
    fc.assert(
      fc.property(fc.oneof(fc.webUrl({ withQueryParameters: true }), fc.string()), (referrer) => {
        const domain = referrerDomain(referrer);
        expect(domain).toMatch(/^[a-z0-9._-]*$/);
        expect(referrerDomain(domain)).toBe(domain);
        expect(referrerDomain(domain === "" ? "" : `https://${domain}/x?y#z`)).toBe(domain);
      }),
    );
  });
});
