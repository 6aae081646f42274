import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readUserAgent } from "./user-agent.ts";

const facts = (agent: string): string => {
  const { deviceType, browser, browserVersion, os, osVersion } = readUserAgent(agent);
  return [deviceType, browser, browserVersion, os, osVersion].join("|");
};

/** One agent a line, so that they can be pasted from logs as they are. */
const lines = (text: string): string[] => text.trim().split("\n");

// device | browser | version | system | version <- agent
const people = lines(`
desktop|Chrome|126|Windows|10 <- Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
desktop|Edge|126|Windows|10 <- Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.87
desktop|Firefox|127|Windows|10 <- Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0
desktop|Internet Explorer|11|Windows|7 <- Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko
desktop|Opera|110|Windows|10 <- Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 OPR/110.0.0.0
desktop|Safari|17|macOS|10.15 <- Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15
desktop|Chrome|126|macOS|10.15 <- Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
desktop|Chrome|126|Linux| <- Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
desktop|Firefox|127|Linux| <- Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0
desktop|Chrome|126|Chrome OS| <- Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
desktop|Vivaldi|6|Linux| <- Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Vivaldi/6.5.3206.39
desktop|Brave|89|Windows|10 <- Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Brave Chrome/89.0.4389.105 Safari/537.36
mobile|Safari|17|iOS|17.5 <- Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1
mobile|Chrome|126|iOS|17.5 <- Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1
mobile|Firefox|127|iOS|17.5 <- Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/127.0 Mobile/15E148 Safari/605.1.15
mobile|Edge|125|iOS|17.5 <- Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 EdgiOS/125.0.2535.96 Mobile/15E148 Safari/605.1.15
tablet|Safari|16|iPadOS|16.7 <- Mozilla/5.0 (iPad; CPU OS 16_7_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1
mobile|Chrome|126|Android|10 <- Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36
mobile|Samsung Internet|25|Android|14 <- Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36
tablet|Chrome|126|Android|13 <- Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
mobile|Firefox|127|Android|14 <- Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0
tablet|Firefox|127|Android|13 <- Mozilla/5.0 (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0
mobile|Huawei Browser|14|Android|10 <- Mozilla/5.0 (Linux; Android 10; HUAWEI P30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 HuaweiBrowser/14.0.2.311 Mobile Safari/537.36
mobile|Edge|126|Android|10 <- Mozilla/5.0 (Linux; Android 10; VOG-L29) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36 EdgA/126.0.0.0
mobile|Opera|76|Android|10 <- Mozilla/5.0 (Linux; Android 10; VOG-L29) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36 OPR/76.2.4027.73374
mobile|Opera|10|| <- Opera/9.80 (J2ME/MIDP; Opera Mini/9.80 (S60; SymbOS; Opera Mobi/23.348; U; en) Presto/2.5.25 Version/10.54
mobile|Android WebView|110|Android|12 <- Mozilla/5.0 (Linux; Android 12; SM-G991U Build/SP1A.210812.016; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/110.0.5481.154 Mobile Safari/537.36
mobile|iOS WebView||iOS|17.4 <- Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148
mobile|Facebook||iOS|17.4 <- Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21E236 [FBAN/FBIOS;FBAV/460.0.0.32.107;FBBV/587080540;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;FBSV/17.4.1;FBSS/3;FBID/phone;FBLC/en_US;FBOP/5]
mobile|Facebook||Android|13 <- Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/124.0.6367.179 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/463.0.0.45.79;]
mobile|Instagram||iOS|17.4 <- Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 325.0.3.34.90 (iPhone15,2; iOS 17_4; de_DE; de; scale=3.00; 1179x2556; 581879418)
tablet|Facebook||iPadOS| <- Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBDV/iPad13,4;FBMD/iPad;FBSN/iPadOS;FBSV/17.4;FBSS/2]
mobile|Google Search|319|iOS|17.5 <- Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/319.0.637541321 Mobile/15E148 Safari/604.1
mobile|WeChat|8|iOS|16.6 <- Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.42(0x18002a2e) NetType/WIFI Language/en
mobile|TikTok||Android|12 <- Mozilla/5.0 (Linux; Android 12; M2101K6G Build/SKQ1.210908.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/108.0.5359.128 Mobile Safari/537.36 musical_ly_2022803040 JsSdk/1.0 NetType/WIFI Channel/googleplay AppName/musical_ly app_version/28.3.4 ByteLocale/de
mobile|Snapchat||iOS|16.5 <- Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.5 Mobile/15E148 Snapchat/12.38.0.43 (like Safari/8615.2.9.0.8, panda)
mobile|DuckDuckGo|5|Android|13 <- Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/114.0.5735.196 Mobile DuckDuckGo/5 Safari/537.36
desktop|DuckDuckGo|17|macOS|10.15 <- Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Safari/605.1.15 Ddg/17.4.1
desktop|Electron|27|Linux| <- Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.5993.159 Electron/27.1.3 Safari/537.36
mobile|Chrome|126|Android|11 <- Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36
mobile|Android Browser|4|Android|4.4 <- Mozilla/5.0 (Linux; Android 4.4.2; de-de; CUBOT_S222 Build/KOT49H) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30
mobile|Chrome|96|Android|9 <- Mozilla/5.0 (Linux; Android 9; CUBOT) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0.4664.45 Mobile Safari/537.36
mobile|Chrome|96|Android|8.1 <- Mozilla/5.0 (Linux; Android 8.1.0; ScanPal EDA50 Build/OPM1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0.4664.45 Mobile Safari/537.36
mobile|Firefox|48|KaiOS|2.5 <- Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5
tv|Tizen||Tizen|6.5 <- Mozilla/5.0 (SMART-TV; Linux; Tizen 6.5) AppleWebKit/537.36 (KHTML, like Gecko) 85.0.4183.93/6.5 TV Safari/537.36
tv|webOS Browser||webOS| <- Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 WebAppManager
tv|Chrome|98|Android|9 <- Mozilla/5.0 (Linux; Android 9; BRAVIA 4K UR2 Build/PTT1.190515.001.S52) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/98.0 Safari/537.36
tv|Android WebView|70|Android|7.1 <- Mozilla/5.0 (Linux; Android 7.1.2; AFTMM Build/NS6265; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/70.0.3538.110 Mobile Safari/537.36
tv|Roku||Roku|12.5 <- Roku/DVP-12.5 (12.5.0.4178-46)
tv|Chrome|88|Android| <- Mozilla/5.0 (Linux; Android) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.109 Safari/537.36 CrKey/1.54.248666
tv|||| <- AppleTV11,1/11.1
console|Safari|15|PlayStation|5 <- Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605.1.15
console|||PlayStation|4 <- Mozilla/5.0 (PlayStation 4 11.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15
console|Edge|20|Xbox| <- Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/48.0.2564.82 Safari/537.36 Edge/20.02
console|Safari||Nintendo| <- Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/606.4 (KHTML, like Gecko) NF/6.0.1.15.4 NintendoBrowser/5.1.0.20393
tablet|Amazon Silk|98|Android|9 <- Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/98.4.3 like Chrome/98.0.4758.136 Safari/537.36
desktop|Yandex Browser|24|Windows|10 <- Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 YaBrowser/24.4.0.0 Safari/537.36
mobile|UC Browser|13|Android|11 <- Mozilla/5.0 (Linux; U; Android 11; en-US; RMX2185 Build/RP1A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.58 UCBrowser/13.5.0.1311 Mobile Safari/537.36
mobile|Chrome|96|Android|7.0 <- Mozilla/5.0 (Linux; Android 7.0; General Mobile Discovery) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0.4664.45 Mobile Safari/537.36
desktop|Whale|3|Windows|10 <- Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Whale/3.24.223.21 Safari/537.36
mobile|Opera|4|iOS|17.0 <- Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1 OPT/4.5.0
mobile|LinkedIn||iOS|17.4 <- Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21E219 [LinkedInApp]/9.29.3344
mobile|Pinterest||iOS|17.4 <- Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [Pinterest/iOS]
`);

const bots = lines(`
Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.61 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)
Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)
Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)
Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)
Mozilla/5.0 (compatible; DotBot/1.2; +https://opensiteexplorer.org/dotbot; help@moz.com)
Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)
Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)
Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)
Mozilla/5.0 (Linux; Android 11; moto g power (2022)) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Mobile Safari/537.36 Chrome-Lighthouse
Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)
Mozilla/5.0 (compatible; Pingdom.com_bot_version_1.4_(http://www.pingdom.com/))
facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)
meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)
Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)
Slackbot 1.0 (+https://api.slack.com/robots)
Twitterbot/1.0
LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)
TelegramBot (like TwitterBot)
WhatsApp/2.23.20.0 A
Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36
Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1
Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/20.0.3
Playwright/1.44.0 (x64; ubuntu 22.04) node/20.12
Scrapy/2.11.2 (+https://scrapy.org)
python-requests/2.31.0 FooBot/1.0 (+https://foo.example/bot)
Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)
CCBot/2.0 (https://commoncrawl.org/faq/)
Mediapartners-Google
AdsBot-Google (+http://www.google.com/adsbot.html)
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/116.0.0.0 Safari/537.36 GTmetrix
DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)
Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)
Mozilla/5.0 (compatible; Barkrowler/0.9; +https://babbar.tech/crawler)
Mozilla/5.0 (compatible; DataForSeoBot/1.0; +https://dataforseo.com/dataforseo-bot)
Mozilla/5.0 (compatible; Qwantify-prod/1.0; +https://help.qwant.com/bot/)
Pinterest/0.2 (+https://www.pinterest.com/bot.html)
Mozilla/5.0 (compatible; SeznamBot/4.0; +http://napoveda.seznam.cz/seznambot-intro/)
Mozilla/5.0 (compatible; PetalBot;+https://webmaster.petalsearch.com/site/petalbot)
Feedly/1.0 (+http://www.feedly.com/fetcher.html; like FeedFetcher-Google)
Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)
Mozilla/5.0
Mozilla/5.0 (compatible; evil/1.0; +http://evil.example)
Go-http-client/1.1 (compatible; NimbleCrawler/2.0)
Googlebot-Image/1.0
GoogleOther
Google-InspectionTool/1.0
Mozilla/5.0 (compatible; Google-InspectionTool/1.0;)
ia_archiver
Amazonbot/0.1
kube-probe/1.27
FooThing/1.0 (+https://foo.example)
NewRelicPinger/1.0 (1234)
Uptime-Kuma/1.23.11
Mozilla/5.0 (compatible; Google-Site-Verification/1.0)
Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36 (compatible; Google-Read-Aloud; +https://support.google.com/webmasters/answer/1061943)
Better Uptime Bot Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0.4664.93 Safari/537.36
W3C_Validator/1.3 http://validator.w3.org/services
`);

const senders = lines(`
curl/8.5.0
Wget/1.21.4
python-requests/2.31.0
Python/3.11 aiohttp/3.9.1
python-httpx/0.27.0
Python-urllib/3.11
Go-http-client/2.0
axios/1.7.2
node-fetch/1.0 (+https://github.com/bitinn/node-fetch)
node-fetch
node
undici
Bun/1.4.5
Deno/2.0.0
got (https://github.com/sindresorhus/got)
okhttp/4.12.0
Java/17.0.10
Java-http-client/21.0.2
Apache-HttpClient/4.5.14 (Java/17.0.10)
PHP/8.2.10
GuzzleHttp/7
GuzzleHttp/6.5.5 curl/7.68.0 PHP/7.4.3
Symfony HttpClient/Curl
Ruby
rest-client/2.1.0 (linux x86_64) ruby/3.2.2p53
Faraday v2.9.0
Dart/3.4 (dart:io)
PostmanRuntime/7.39.0
insomnia/9.2.0
WordPress/6.5.4; https://robot-shop.example
libwww-perl/6.72
reqwest/0.12.4
hackney/1.20.1
RestSharp/111.2.0.0
MyApp/1 CFNetwork/1496.0.7 Darwin/23.5.0
Dalvik/2.1.0 (Linux; U; Android 13; SM-G998B Build/TP1A.220624.014)
analytics-node/2.1.1
analytics-python/2.3.2
posthog-node/4.0.1
posthog-python/3.5.0
RudderStack/2.0
Mozilla/5.0 Umami/0.2.0
footfall-node/0.1.0
acme-shop/1.2
acme-shop/1.2 (server-side)
AcmeBackend
HTTPie/3.2.2
Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.22621.2506
node-superagent/3.8.3
Ktor client
ktor-client
acme-server/1.2 (node)
`);

describe("people's browsers are read and are not bots", () => {
  const table = people.map((line) => line.split(" <- ")).map(([want = "", input = ""]) => ({ want, input }));
  test.each(table)("$want", ({ want, input }) => {
    expect(facts(input)).toBe(want);
    expect(readUserAgent(input).isBot).toBe(false);
  });
});

describe("crawlers, monitors, previews and remote-controlled browsers are bots", () => {
  test.each(bots)("%s", (agent) => {
    expect(readUserAgent(agent)).toMatchObject({ isBot: true, deviceType: "bot" });
  });
});

describe("programs that post events are senders, not bots", () => {
  test.each(senders)("%s", (agent) => {
    const { isBot, browser, browserVersion } = readUserAgent(agent);
    expect({ isBot, browser, browserVersion }).toEqual({ isBot: false, browser: "", browserVersion: "" });
  });
});

test("an empty agent tells nothing and is not a bot", () => {
  expect(facts("")).toBe("||||");
  expect(readUserAgent("").isBot).toBe(false);
});

test("only the first 512 characters count", () => {
  const start =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 ";
  const long = start.padEnd(512, "x");
  expect(readUserAgent(`${long} Googlebot/2.1`)).toEqual(readUserAgent(long));
  expect(readUserAgent("x".repeat(1_000_000)).isBot).toBe(true);
});

test("a sender that names itself a crawler is a bot, whatever client it uses", () => {
  const clients = [
    "curl/8.5.0",
    "python-requests/2.31.0",
    "Go-http-client/2.0",
    "okhttp/4.12.0",
    "Java/17.0.10",
    "axios/1.7.2",
  ];
  const names = ["FooBot/1.0", "(compatible; AcmeCrawler/2.0)", "acme-spider", "Scrapy/2.11"];
  for (const client of clients) {
    expect(readUserAgent(client).isBot).toBe(false);
    for (const name of names) expect(readUserAgent(`${client} ${name}`).isBot).toBe(true);
  }
});

test("any text is read without an error, the same way each time", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary", maxLength: 700 }), fc.string({ maxLength: 60 })),
      (agent) => {
        const first = readUserAgent(agent);
        expect(readUserAgent(agent)).toEqual(first);
        expect(first.deviceType === "bot").toBe(first.isBot);
      },
    ),
  );
});
