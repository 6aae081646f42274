import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Arrival, type Channel, channelOf, channels } from "./channel.ts";
import { kindOfSource } from "./source-kind.ts";

const nothing: Arrival = {
  referrerDomain: "",
  siteHost: "www.example.org",
  utmSource: "",
  utmMedium: "",
  utmCampaign: "",
  clickIdType: "",
};

const arrival = (input: string): Arrival => {
  const [referrerDomain = "", tags = ""] = input.split(" ? ");
  const given = new URLSearchParams(tags);
  return {
    ...nothing,
    referrerDomain: referrerDomain.trim(),
    utmSource: given.get("source") ?? "",
    utmMedium: given.get("medium") ?? "",
    utmCampaign: given.get("campaign") ?? "",
    clickIdType: given.get("click") ?? "",
  };
};

/** "referrer ? source=…&medium=…&campaign=…&click=…", all optional, on the site www.example.org. */
const table: Readonly<Record<Channel, readonly string[]>> = {
  direct: ["", "example.org", "shop.example.org", " ? source=(direct)&medium=(none)", " ? source=direct"],
  cross_network: [
    " ? source=google&medium=cpc&campaign=Spring%20Cross-network",
    " ? campaign=cross-network&click=gclid",
  ],
  paid_shopping: [
    " ? source=amazon&medium=cpc",
    " ? source=google&medium=cpc&campaign=summer-shop",
    " ? click=gclid&campaign=Shopping_DE",
    " ? source=idealo&medium=ppc",
  ],
  paid_search: [
    " ? source=google&medium=cpc",
    " ? source=Google&medium=CPC",
    "google.com ? click=gclid",
    " ? click=gclid",
    " ? click=wbraid",
    "bing.com ? click=msclkid",
    "yandex.ru ? click=yclid",
    " ? source=bing&medium=paidsearch",
    " ? source=google&medium=cpc&campaign=workshop",
    " ? source=google&medium=cpm",
  ],
  paid_social: [
    " ? source=facebook&medium=paid",
    " ? source=fb&medium=cpc",
    " ? source=instagram&medium=paid_social",
    " ? click=li_fat_id",
    "t.co ? click=twclid",
    " ? click=ttclid",
    "l.facebook.com ? source=facebook.com&medium=retargeting",
  ],
  paid_video: [
    " ? source=youtube&medium=cpv&campaign=x&medium=cpc",
    "youtube.com ? click=gclid",
    " ? source=tiktok&medium=cpc",
  ],
  display: [
    " ? source=news.example&medium=banner",
    " ? source=dv360&medium=cpm",
    " ? source=google&medium=display",
    " ? click=dclid",
  ],
  paid_other: [
    " ? source=partner&medium=cpc",
    " ? source=chatgpt.com&medium=paid",
    "blog.example ? medium=ppc",
  ],
  organic_shopping: [
    "amazon.de",
    "amazon.co.uk",
    "ebay.com.au",
    "shopping.google.com",
    " ? source=partner&campaign=eshop",
    "idealo.de",
  ],
  organic_social: [
    "facebook.com",
    "l.facebook.com",
    "lm.facebook.com",
    "t.co",
    "x.com",
    "linkedin.com",
    "lnkd.in",
    "out.reddit.com",
    "pinterest.de",
    "pinterest.co.uk",
    "news.ycombinator.com",
    "bsky.app",
    "away.vk.com",
    "com.instagram.android",
    "org.telegram.messenger",
    " ? source=ig&medium=story",
    " ? source=partner&medium=social",
    " ? click=fbclid",
    "m.facebook.com ? click=fbclid",
    " ? source=Facebook",
  ],
  organic_video: [
    "youtube.com",
    "m.youtube.com",
    "youtu.be",
    "tiktok.com",
    "vimeo.com",
    " ? source=x-partner&medium=video-post",
  ],
  organic_search: [
    "google.com",
    "google.de",
    "google.co.uk",
    "google.com.br",
    "news.google.com",
    "com.google.android.googlequicksearchbox",
    "bing.com",
    "cn.bing.com",
    "duckduckgo.com",
    "html.duckduckgo.com",
    "ecosia.org",
    "yandex.ru",
    "yandex.com.tr",
    "search.yahoo.com",
    "yahoo.co.jp",
    "baidu.com",
    "search.brave.com",
    "kagi.com",
    "qwant.com",
    "startpage.com",
    "search.naver.com",
    "seznam.cz",
    " ? source=partner&medium=organic",
    " ? source=google",
  ],
  ai_assistant: [
    "chatgpt.com",
    "chat.openai.com",
    "claude.ai",
    "perplexity.ai",
    "gemini.google.com",
    "copilot.microsoft.com",
    "chat.deepseek.com",
    "grok.com",
    "com.openai.chatgpt",
    " ? source=chatgpt.com",
    " ? source=perplexity&medium=referral",
  ],
  referral: [
    "blog.example.com",
    "notgoogle.com",
    "google.com.evil.example",
    "myfacebook.com",
    "docs.google.com",
    "example.org.evil.com",
    "notexample.org",
    "com.slack",
    " ? source=partner&medium=referral",
    " ? source=partner&medium=link",
    " ? source=partner.example",
    "blog.example.com ? source=partner",
  ],
  email: [
    "mail.google.com",
    "com.google.android.gm",
    "outlook.live.com",
    "mail.yahoo.com",
    "mail.yahoo.de",
    "mail.proton.me",
    " ? source=newsletter&medium=email",
    " ? source=newsletter&medium=E-Mail",
    " ? source=newsletter",
    " ? source=email",
    "mail.google.com ? source=mailchimp&medium=email",
  ],
  affiliates: [
    " ? source=partner&medium=affiliate",
    " ? source=awin&medium=affiliates",
    " ? click=irclickid",
    "blog.example ? click=awc",
  ],
  audio: [" ? source=spotify&medium=audio"],
  sms: [" ? source=twilio&medium=sms", " ? source=sms"],
  mobile_push: [
    " ? source=app-news&medium=web-push",
    " ? source=onesignal&medium=notification",
    " ? source=firebase",
  ],
  unassigned: [" ? source=partner", " ? medium=something&source=partner", " ? campaign=spring"],
};

describe.each([...channels])("%s", (channel) => {
  test.each([...table[channel]])("%s", (input) => {
    expect(channelOf(arrival(input))).toBe(channel);
    expect(channelOf(arrival(input))).toBe(channel);
  });
});

describe("a site's own pages are no referrer", () => {
  test.each([
    { site: "example.org", referrer: "example.org", want: "direct" },
    { site: "www.example.org", referrer: "example.org", want: "direct" },
    { site: "WWW.Example.org:8080", referrer: "example.org", want: "direct" },
    { site: "example.org", referrer: "blog.example.org", want: "direct" },
    { site: "blog.example.org", referrer: "example.org", want: "referral" },
    { site: "example.org", referrer: "anexample.org", want: "referral" },
    { site: "", referrer: "example.org", want: "referral" },
    { site: "google.com", referrer: "google.com", want: "direct" },
  ] as const)("$referrer on $site is $want", ({ site, referrer, want }) => {
    expect(channelOf({ ...nothing, siteHost: site, referrerDomain: referrer })).toBe(want);
  });

  test("tags on internal links still count", () => {
    expect(channelOf(arrival("example.org ? source=newsletter&medium=email"))).toBe("email");
  });
});

test("every arrival has a channel of the list", () => {
  const word = fc.oneof(
    fc.constantFrom(
      "",
      "google",
      "cpc",
      "email",
      "facebook.com",
      "gclid",
      "fbclid",
      "__proto__",
      "constructor",
      "toString",
    ),
    fc.string(),
    fc.domain(),
  );
  fc.assert(
    fc.property(word, word, word, word, word, word, (...words) => {
      const [referrerDomain, siteHost, utmSource, utmMedium, utmCampaign, clickIdType] = words;
      const given = { referrerDomain, siteHost, utmSource, utmMedium, utmCampaign, clickIdType };
      expect(channels).toContain(channelOf(given));
      expect(channelOf(given)).toBe(channelOf(given));
    }),
  );
});

test("only whole labels of a domain count", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("google.com", "facebook.com", "youtube.com", "x.com", "chatgpt.com"),
      fc.domain(),
      (known, other) => {
        expect(kindOfSource(`sub.${known}`)).toBe(kindOfSource(known));
        expect(kindOfSource(`zq${known}`)).toBe("");
        expect(kindOfSource(`${known}.zq-${other}`)).toBe(kindOfSource(`zq-${other}`));
      },
    ),
  );
});
