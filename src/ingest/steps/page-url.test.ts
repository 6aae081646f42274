import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { cleanPageUrl, cleanPath } from "./page-url.ts";

describe("paths keep what names a page and lose what names a person", () => {
  test.each([
    { name: "WordPress date", input: "/2024/01/15/post-123", want: "/2024/01/15/post-123" },
    { name: "date in a slug", input: "/top-10-2024-01-15-123/", want: "/top-10-2024-01-15-123/" },
    { name: "range of dates", input: "/2024-01-15-2024-02-16/", want: "/2024-01-15-2024-02-16/" },
    { name: "date and time", input: "/2024-01-15-10-30-00", want: "/2024-01-15-10-30-00" },
    { name: "years", input: "/1990-2000-2010/", want: "/1990-2000-2010/" },
    { name: "eight digits", input: "/p/12345678", want: "/p/12345678" },
    { name: "nine digits", input: "/p/123456789/x", want: "/p/[number]/x" },
    { name: "digits inside of a word", input: "/order1234567890x", want: "/order[number]x" },
    { name: "phone with spaces", input: "/tel/+49 170 1234567", want: "/tel/[number]" },
    { name: "phone, encoded", input: "/tel/%2B49%20170%201234567/x", want: "/tel/[number]/x" },
    { name: "phone with parentheses", input: "/(555) 123-4567", want: "/[number]" },
    { name: "phone in pairs", input: "/06-12-34-56-78", want: "/[number]" },
    { name: "phone after a date", input: "/2024-01-15-0170-1234567", want: "/2024-01-15-[number]" },
    { name: "card with dashes", input: "/card/4111-1111-1111-1111", want: "/card/[number]" },
    { name: "card, encoded", input: "/card/4111%201111%201111%201111", want: "/card/[number]" },
    { name: "digits of an escape do not count", input: "/x%2012345678", want: "/x%2012345678" },
    {
      name: "escapes of a dash do not count",
      input: "/%E2%80%93%E2%80%931234567",
      want: "/%E2%80%93%E2%80%931234567",
    },
    { name: "version", input: "/10.0.19041.1234/", want: "/10.0.19041.1234/" },
    {
      name: "UUID",
      input: "/3f2504e0-4f89-11d3-9a0c-0305e82c3301",
      want: "/3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    },
    { name: "e-mail", input: "/u/john.doe+x@mail.example.co.uk/x", want: "/u/[email]/x" },
    { name: "e-mail, encoded", input: "/u/john%2Bdoe%40example.com", want: "/u/[email]" },
    { name: "e-mail, encoded twice", input: "/u/john%2540example.com", want: "/u/[email]" },
    { name: "e-mail with letters of other languages", input: "/x/müller@bücher.de/", want: "/x/[email]/" },
    { name: "the same, encoded", input: "/x/m%C3%BCller%40b%C3%BCcher.de/", want: "/x/[email]/" },
    { name: "two e-mails", input: "/a@b.co,c@d.org", want: "/[email],[email]" },
    { name: "e-mail with a number", input: "/0123456789@example.com", want: "/[email]" },
    { name: "handle", input: "/@user/video", want: "/@user/video" },
    { name: "handle with its server", input: "/@john@mastodon.social/", want: "/@[email]/" },
    { name: "no top level domain", input: "/a@b/c", want: "/a@b/c" },
    { name: "package version", input: "/react@18.2.0/umd", want: "/react@18.2.0/umd" },
    { name: "picture for sharp screens", input: "/logo@2x.png", want: "/logo@2x.png" },
    { name: "query and fragment", input: "/a?email=x@y.zz#b", want: "/a" },
    { name: "no leading slash", input: "post", want: "/post" },
    { name: "control characters", input: "/a\u0000b\n", want: "/ab" },
    { name: "empty", input: "", want: "" },
    { name: "too long", input: `/${"a".repeat(3000)}`, want: `/${"a".repeat(2047)}` },
    { name: "an escape at the cut", input: `/${"a".repeat(2045)}%C3%BC`, want: `/${"a".repeat(2045)}` },
    {
      name: "an e-mail at the cut",
      input: `/${"a".repeat(2040)}/john@example.com`,
      want: `/${"a".repeat(2040)}/`,
    },
  ])("$name", ({ input, want }) => {
    expect(cleanPath(input)).toBe(want);
  });

  const piece = fc.oneof(
    fc.constantFrom(
      "/",
      "@",
      "%40",
      "%2540",
      ".",
      "-",
      " ",
      "%20",
      "+",
      "2024-01-15",
      "john",
      "example.com",
      "[email]",
    ),
    fc.nat(99_999_999).map(String),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  const text = fc.oneof(
    fc.webPath(),
    fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join("")),
  );

  test("cleaning twice changes nothing, and no e-mail address or long number is left", () => {
    fc.assert(
      fc.property(text, (path) => {
        const once = cleanPath(path);
        expect(cleanPath(once)).toBe(once);
        expect(once.length).toBeLessThanOrEqual(2048);
        expect(once.isWellFormed()).toBe(true);
        expect(once).not.toMatch(/[a-z]@[a-z]+\.[a-z]{2}/i);
        expect(once.replace(/%[0-9a-f]{2}/gi, "~")).not.toMatch(/(?<!%)\d{9}/);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    { name: "letters", part: "a" },
    { name: "signs", part: "a@" },
    { name: "encoded signs", part: "%40" },
    { name: "dates", part: "2024-01-15-" },
    { name: "digits and dashes", part: "1-" },
    { name: "dots", part: "a." },
  ])("a hostile path of $name takes no more than milliseconds", ({ part }) => {
    const path = `/${part.repeat(100_000)}`;
    cleanPath(path);
    const start = Bun.nanoseconds();
    cleanPath(path);
    expect(Bun.nanoseconds() - start).toBeLessThan(100_000_000);
  });
});

describe("page URLs keep their campaign and click ids only", () => {
  const none = {
    utmSource: "",
    utmMedium: "",
    utmCampaign: "",
    utmTerm: "",
    utmContent: "",
    clickIdType: "",
    clickId: "",
  };
  test.each([
    {
      name: "everything at once",
      input:
        "https://User:pw@WWW.Example.org:443/a/b?x=1&fbclid=f&gclid=g&utm_campaign=a%20b%2Bc&utm_source=Google#h",
      want: {
        ...{
          ...none,
          utmSource: "Google",
          utmCampaign: "a b+c",
          clickIdType: "gclid",
          clickId: "g",
          path: "/a/b",
        },
        host: "www.example.org",
        url: "https://www.example.org/a/b?utm_source=Google&utm_campaign=a+b%2Bc&gclid=g&fbclid=f",
      },
    },
    {
      name: "no path, another port, another script",
      input: "http://MÜNCHEN.de:8080",
      want: { ...none, host: "xn--mnchen-3ya.de:8080", path: "/", url: "http://xn--mnchen-3ya.de:8080/" },
    },
    {
      name: "all five campaign parameters, and the id",
      input: "https://x.org/?utm_id=6&utm_content=5&utm_term=4&utm_campaign=3&utm_medium=2&utm_source=1",
      want: {
        ...{
          ...none,
          utmSource: "1",
          utmMedium: "2",
          utmCampaign: "3",
          utmTerm: "4",
          utmContent: "5",
          host: "x.org",
          path: "/",
        },
        url: "https://x.org/?utm_source=1&utm_medium=2&utm_campaign=3&utm_term=4&utm_content=5&utm_id=6",
      },
    },
    {
      name: "names in capitals, the first value that says something counts",
      input: "https://x.org/p?UTM_Source=&utm_source=%20a%20&utm_source=b",
      want: { ...none, utmSource: "a", host: "x.org", path: "/p", url: "https://x.org/p?utm_source=a" },
    },
    {
      name: "an e-mail address in a campaign",
      input: "https://x.org/p?utm_source=john@example.com&utm_content=4111-1111-1111-1111",
      want: {
        ...{ ...none, utmSource: "[email]", utmContent: "[number]", host: "x.org", path: "/p" },
        url: "https://x.org/p?utm_source=%5Bemail%5D&utm_content=%5Bnumber%5D",
      },
    },
    {
      name: "an e-mail address in the path",
      input: "https://x.org/u/john@example.com/?email=john@example.com",
      want: { ...none, host: "x.org", path: "/u/[email]/", url: "https://x.org/u/[email]/" },
    },
    {
      name: "long values are cut",
      input: `https://x.org/?utm_source=${"s".repeat(300)}&msclkid=${"c".repeat(600)}`,
      want: {
        ...{
          ...none,
          utmSource: "s".repeat(200),
          clickIdType: "msclkid",
          clickId: "c".repeat(512),
          host: "x.org",
          path: "/",
        },
        url: `https://x.org/?utm_source=${"s".repeat(200)}&msclkid=${"c".repeat(512)}`,
      },
    },
    {
      name: "IPv6 host",
      input: "http://[::1]:3000/x",
      want: { ...none, host: "[::1]:3000", path: "/x", url: "http://[::1]:3000/x" },
    },
  ])("$name", ({ input, want }) => {
    expect(cleanPageUrl(input)).toEqual(want);
    expect(cleanPageUrl(input)).toEqual(want);
  });

  test.each([
    "",
    "/relative",
    "example.org/a",
    "ftp://example.org/",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "about:blank",
  ])("%s is no page", (input) => {
    expect(cleanPageUrl(input)).toBeUndefined();
  });

  test.each([
    "gclid",
    "wbraid",
    "gbraid",
    "dclid",
    "msclkid",
    "fbclid",
    "ttclid",
    "twclid",
    "li_fat_id",
    "yclid",
    "ScCid",
    "rdt_cid",
  ])("%s is a click id", (name) => {
    expect(cleanPageUrl(`https://x.org/?${name}=abc`)).toMatchObject({ clickIdType: name, clickId: "abc" });
  });

  test("a cleaned URL is clean, and cleaning never throws", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string()),
        (url) => {
          const page = cleanPageUrl(url);
          if (page === undefined) return;
          const again = cleanPageUrl(page.url);
          expect(again).toEqual(page);
        },
      ),
    );
  });
});
