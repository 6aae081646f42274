import { type Picker, type Random, weighted } from "../random.ts";
import type { Market } from "./markets.ts";

/** A browser as it names itself, with the screens it is seen on. */
export interface Agent {
  readonly userAgent: string;
  readonly screens: ReadonlyArray<string>;
}

type Line = readonly [weight: number, userAgent: string];

const agents = (screens: string, lines: ReadonlyArray<Line>): Picker<Agent> =>
  weighted(
    lines.map(([, userAgent]) => ({ userAgent, screens: screens.split(" ") })),
    (_, index) => lines[index]?.[0] ?? 0,
  );

const webkit = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
const blink = "AppleWebKit/537.36 (KHTML, like Gecko)";
const iphone = (version: string) => `Mozilla/5.0 (iPhone; CPU iPhone OS ${version} like Mac OS X) ${webkit}`;
// Chrome has said "Android 10; K" and a version of zeros for everybody since it reduced its agent (2023).
const android = `Mozilla/5.0 (Linux; Android 10; K) ${blink}`;
const crawler = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko";
const windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
const mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";
const linux = "Mozilla/5.0 (X11; Linux x86_64)";

// Shares within a class are near those of public browser statistics.
const iphones = agents("390x844 393x852 393x852 402x874 430x932 414x896 375x667 375x812", [
  [30, `${iphone("18_7")} Version/26.1 Mobile/15E148 Safari/604.1`],
  [22, `${iphone("18_6_2")} Version/18.6 Mobile/15E148 Safari/604.1`],
  [12, `${iphone("17_6_1")} Version/17.6 Mobile/15E148 Safari/604.1`],
  [4, `${iphone("16_7_11")} Version/16.6 Mobile/15E148 Safari/604.1`],
  [9, `${iphone("18_7")} CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1`],
  [5, `${iphone("18_6")} GSA/392.0.826932869 Mobile/15E148 Safari/604.1`],
  [1, `${iphone("18_6")} FxiOS/144.0 Mobile/15E148 Safari/605.1.15`],
  [1, `${iphone("18_6")} Version/18.0 EdgiOS/141.0.3537.99 Mobile/15E148 Safari/604.1`],
  [
    4,
    `${iphone("18_6_2")} Mobile/22G100 Instagram 404.0.0.35.76 (iPhone16,1; iOS 18_6_2; en_US; en; scale=3.00; 1179x2556; 811520331)`,
  ],
  [
    4,
    `${iphone("18_6_2")} Mobile/22G100 [FBAN/FBIOS;FBAV/536.0.0.44.75;FBBV/817483226;FBDV/iPhone15,2;FBMD/iPhone;FBSN/iOS;FBSV/18.6.2;FBSS/3;FBID/phone;FBLC/en_US;FBOP/5]`,
  ],
]);

const androids = agents("360x800 360x800 412x915 412x915 393x873 384x832 360x780 412x892", [
  [44, `${android} Chrome/142.0.0.0 Mobile Safari/537.36`],
  [16, `${android} Chrome/141.0.0.0 Mobile Safari/537.36`],
  [6, `${android} Chrome/138.0.0.0 Mobile Safari/537.36`],
  [9, `${android} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36`],
  [4, `${android} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`],
  [2, `${android} Chrome/141.0.0.0 Mobile Safari/537.36 EdgA/141.0.0.0`],
  [2, `${android} Chrome/140.0.0.0 Mobile Safari/537.36 OPR/92.0.0.0`],
  [2, "Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0"],
  [1, `Mozilla/5.0 (Linux; Android 14; 23129RN51X) ${blink} Chrome/128.0.0.0 Mobile Safari/537.36`],
  [
    4,
    `Mozilla/5.0 (Linux; Android 15; SM-S921B Build/AP3A.240905.015.A2; wv) ${blink} Version/4.0 Chrome/141.0.7390.122 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/535.0.0.49.72;]`,
  ],
  [
    2,
    `Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP2A.240805.005; wv) ${blink} Version/4.0 Chrome/141.0.7390.97 Mobile Safari/537.36`,
  ],
]);

const tablets = agents("820x1180 810x1080 768x1024 1024x1366 800x1280", [
  [3, `Mozilla/5.0 (iPad; CPU OS 17_6_1 like Mac OS X) ${webkit} Version/17.6 Mobile/15E148 Safari/604.1`],
  [
    2,
    `Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) ${webkit} CriOS/141.0.7390.96 Mobile/15E148 Safari/604.1`,
  ],
  [4, `Mozilla/5.0 (Linux; Android 14; SM-X710) ${blink} Chrome/141.0.0.0 Safari/537.36`],
  [
    1,
    `Mozilla/5.0 (Linux; Android 11; KFTUWI) ${blink} Silk/138.3.1 like Chrome/138.0.7204.245 Safari/537.36`,
  ],
]);

const desktops = agents(
  "1920x1080 1920x1080 1920x1080 1536x864 1536x864 1366x768 1440x900 2560x1440 1512x982 1728x1117 3440x1440",
  [
    [40, `${windows} ${blink} Chrome/142.0.0.0 Safari/537.36`],
    [12, `${windows} ${blink} Chrome/141.0.0.0 Safari/537.36`],
    [14, `${windows} ${blink} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`],
    [7, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"],
    [2, `${windows} ${blink} Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0`],
    [9, `${mac} ${blink} Chrome/142.0.0.0 Safari/537.36`],
    [8, `${mac} ${webkit} Version/26.1 Safari/605.1.15`],
    [3, `${mac} ${webkit} Version/18.6 Safari/605.1.15`],
    [1, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:144.0) Gecko/20100101 Firefox/144.0"],
    [2, `${linux} ${blink} Chrome/142.0.0.0 Safari/537.36`],
    [1, "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"],
    [1, `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${blink} Chrome/142.0.0.0 Safari/537.36`],
  ],
);

// Those that run scripts, so that a tracking script sees them.
const crawlerAgents = agents("412x732 1024x1024 800x600 1280x1024", [
  [
    5,
    `Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) ${blink} Chrome/142.0.7444.59 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)`,
  ],
  [
    2,
    `${crawler}; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/142.0.7444.59 Safari/537.36`,
  ],
  [
    3,
    `${crawler}; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/136.0.0.0 Safari/537.36`,
  ],
  [2, "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"],
  [2, "Mozilla/5.0 (compatible; YandexRenderResourcesBot/1.0; +http://yandex.com/bots)"],
  [2, `${crawler}; compatible; GPTBot/1.2; +https://openai.com/gptbot)`],
  [2, `${linux} ${blink} HeadlessChrome/141.0.7390.54 Safari/537.36`],
]);

/** A browser of somebody in this country. */
export const pickAgent = (market: Market, random: Random): Agent => {
  const at = random.next();
  if (at < market.mobile) return (random.chance(market.apple) ? iphones : androids).pick(random);
  return (at < market.mobile + market.tablet ? tablets : desktops).pick(random);
};

/** A crawler or a headless browser. */
export const pickCrawler = (random: Random): Agent => crawlerAgents.pick(random);
