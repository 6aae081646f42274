import { type Random, weighted } from "../random.ts";

/** How a visit begins: the referrer that the browser tells, and what the link adds to the page's address. */
export interface Arrival {
  readonly referrer: string;
  /** "" or begins with "?". */
  readonly query: string;
}

interface Source {
  /** In percent of the visits of people who come for the first time, and of those who come back. */
  readonly fresh: number;
  readonly back: number;
  readonly referrers: ReadonlyArray<string>;
  readonly query?: (random: Random, campaign: string) => string;
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const clickId = (random: Random, start: string, length: number): string => {
  let id = start;
  for (let i = 0; i < length; i++) id += alphabet[random.below(alphabet.length)];
  return id;
};

const tagged = (source: string, medium: string, campaign: string, more = ""): string =>
  `?utm_source=${source}&utm_medium=${medium}&utm_campaign=${campaign}${more}`;

const sources: ReadonlyArray<Source> = [
  { fresh: 16, back: 42, referrers: [""] },
  {
    fresh: 41,
    back: 22,
    referrers: [
      "https://www.google.com/",
      "https://www.google.com/",
      "https://www.google.com/",
      "https://www.google.de/",
    ],
  },
  { fresh: 4, back: 3, referrers: ["https://www.bing.com/"] },
  {
    fresh: 3,
    back: 3,
    referrers: ["https://duckduckgo.com/", "https://duckduckgo.com/", "https://www.ecosia.org/"],
  },
  {
    fresh: 3,
    back: 1,
    referrers: ["https://chatgpt.com/", "https://chatgpt.com/", "https://www.perplexity.ai/"],
  },
  {
    fresh: 5,
    back: 3,
    referrers: ["https://www.reddit.com/", "https://news.ycombinator.com/", "https://t.co/"],
  },
  { fresh: 3, back: 2, referrers: ["https://www.youtube.com/"] },
  {
    fresh: 5,
    back: 3,
    referrers: ["https://l.facebook.com/", "https://l.instagram.com/", "https://www.pinterest.com/"],
    query: (random) => (random.chance(0.6) ? `?fbclid=${clickId(random, "IwY2xjawN", 24)}` : ""),
  },
  {
    fresh: 4,
    back: 1,
    referrers: ["https://l.instagram.com/", "https://l.facebook.com/"],
    query: (random, campaign) =>
      tagged(random.chance(0.5) ? "instagram" : "facebook", "paid_social", campaign, "&utm_content=carousel"),
  },
  {
    fresh: 6,
    back: 2,
    referrers: ["https://www.google.com/"],
    query: (random, campaign) =>
      tagged("google", "cpc", campaign, `&utm_term=best+phone&gclid=${clickId(random, "Cj0KCQjw", 24)}`),
  },
  {
    fresh: 2,
    back: 12,
    referrers: ["", "", "https://mail.google.com/", "https://outlook.live.com/"],
    query: (_, campaign) => tagged("newsletter", "email", campaign),
  },
  {
    fresh: 8,
    back: 6,
    referrers: [
      "https://www.androidpolice.com/",
      "https://www.gsmarena.com/",
      "https://9to5mac.com/",
      "https://www.theverge.com/",
      "https://mobil-forum.example/thread/best-phones/",
      "https://en.wikipedia.org/",
    ],
  },
];

const fresh = weighted(sources, (source) => source.fresh);
const back = weighted(sources, (source) => source.back);
const campaigns = [
  "autumn-sale",
  "new-phones",
  "buying-guide",
  "student-offers",
  "black-friday",
  "weekly-digest",
];

const DAYS_PER_CAMPAIGN = 14;

/** How a visit on a day (counted from any day on) begins; people who know the site come straight to it more often. */
export const pickArrival = (returning: boolean, day: number, random: Random): Arrival => {
  const { referrers, query } = (returning ? back : fresh).pick(random);
  const referrer = referrers[random.below(referrers.length)] ?? "";
  if (query === undefined) return { referrer, query: "" };
  // A campaign runs for two weeks, and the one before it has an aftermath.
  const turn = Math.floor(day / DAYS_PER_CAMPAIGN) + (random.chance(0.2) ? campaigns.length - 1 : 0);
  return { referrer, query: query(random, campaigns[turn % campaigns.length] ?? "") };
};
