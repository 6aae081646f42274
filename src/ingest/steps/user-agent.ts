import bowser from "bowser";
import { BoundedCache } from "../bounded-cache.ts";
import { inAppBrowsers, senderAgent } from "./agent-families.ts";
import { isBotAgent, isBrowserLike } from "./bot.ts";

/** `other` is a program that is neither a browser nor a crawler; "" when the agent does not tell. */
export type DeviceType = "desktop" | "mobile" | "tablet" | "tv" | "console" | "bot" | "other" | "";

/**
 * What an agent tells about a visitor's software. `browser` and `os` come from closed lists ("Chrome", "iOS", …),
 * `browserVersion` is the major version ("126"), `osVersion` major and minor ("17.5"); each "" when unknown.
 */
export interface AgentFacts {
  readonly deviceType: DeviceType;
  readonly browser: string;
  readonly browserVersion: string;
  readonly os: string;
  readonly osVersion: string;
  readonly isBot: boolean;
}

const maxAgentLength = 512;
const cache = new BoundedCache<AgentFacts>(16_384, maxAgentLength);

const nothing: AgentFacts = Object.freeze({
  deviceType: "",
  browser: "",
  browserVersion: "",
  os: "",
  osVersion: "",
  isBot: false,
});

const shortNames: Readonly<Record<string, string>> = {
  "Microsoft Edge": "Edge",
  "Samsung Internet for Android": "Samsung Internet",
  "NAVER Whale Browser": "Whale",
  "WebOS Browser": "webOS Browser",
};
const browsers: ReadonlySet<string> = new Set(Object.values(bowser.BROWSER_MAP));
const systems: ReadonlySet<string> = new Set(Object.values(bowser.OS_MAP));

const consoleAgent = /playstation|\bxbox\b|nintendo/i;
const tvAgent =
  /smart-?tv|google ?tv|apple ?tv|android ?tv|hbbtv|netcast|web0s|tizen.*\btv\b|bravia|\baft[a-z0-9]{1,6}\b|roku|crkey|viera|philipstv|vidaa|\bmi ?tv|mibox|shield android|\blarge screen\b/i;
/** Browsers `bowser` takes for another one, in the order they are looked for. */
const ownBrowsers: readonly (readonly [name: string, sign: RegExp])[] = [
  ["Brave", /\bBrave(?:\/| Chrome\/)([\d.]+)/],
  ["Opera", /\bOP(?:iOS|T|X|RGX)\/([\d.]+)/],
  ["Firefox", /\bFxiOS\/([\d.]+)/],
  ["Edge", /\b(?:EdgiOS|EdgA|Edg)\/([\d.]+)/],
  ["Chrome", /\bCriOS\/([\d.]+)/],
  ["DuckDuckGo", /\b(?:DuckDuckGo|Ddg)\/([\d.]+)/],
  ["Huawei Browser", /\bHuaweiBrowser\/([\d.]+)/],
  ["MIUI Browser", /\bMiuiBrowser\/([\d.]+)/],
  ["UC Browser", /\bUCBrowser\/([\d.]+)/],
  ["Ecosia", /\bEcosia (?:ios|android)@([\d.]+)/],
];

const firstParts = (version: string | undefined, count: number): string =>
  /^\d/.test(version ?? "") ? (version ?? "").split(/[._]/, count).join(".") : "";

const readBrowser = (agent: string, parsed: bowser.Parser.ParsedResult): [name: string, version: string] => {
  for (const [name, sign] of inAppBrowsers) if (sign.test(agent)) return [name, ""];
  for (const [name, sign] of ownBrowsers) {
    const found = sign.exec(agent);
    if (found) return [name, firstParts(found[1], 1)];
  }
  const given = parsed.browser.name ?? "";
  if (!browsers.has(given) || given === "Generic") return ["", ""];
  const version = firstParts(parsed.browser.version, 1);
  if (given === "Chrome" && /;\s*wv\)/.test(agent)) return ["Android WebView", version];
  if (given === "Safari" && /\b(?:iPhone|iPad|iPod)\b/.test(agent) && !agent.includes("Safari/"))
    return ["iOS WebView", ""];
  return [shortNames[given] ?? given, version];
};

const readSystem = (agent: string, parsed: bowser.Parser.ParsedResult): [name: string, version: string] => {
  // An iPad that asks for desktop pages says Macintosh; an app's web view there still says Mobile/….
  if (/\bMacintosh\b/.test(agent) && /\bMobile\//.test(agent)) return ["iPadOS", ""];
  if (/\bPlayStation\b/i.test(agent))
    return ["PlayStation", firstParts(/PlayStation (?:Vita )?(\d+)/i.exec(agent)?.[1], 1)];
  if (/\bXbox\b/i.test(agent)) return ["Xbox", ""];
  if (/\bNintendo\b/i.test(agent)) return ["Nintendo", ""];
  if (/\bCrOS\b/.test(agent)) return ["Chrome OS", ""];
  if (/\bKAIOS\//.test(agent)) return ["KaiOS", firstParts(/KAIOS\/([\d.]+)/.exec(agent)?.[1], 2)];
  const given = parsed.os.name ?? "";
  if (!systems.has(given)) return ["", ""];
  // The kernel's number means little to people: NT 6.1 is Windows 7.
  if (given === "Windows") return [given, (parsed.os.versionName ?? "").replace(/^NT.*/, "")];
  const name = given === "iOS" && /\biPad\b/.test(agent) ? "iPadOS" : given === "WebOS" ? "webOS" : given;
  return [name, firstParts(parsed.os.version, 2)];
};

const readDevice = (agent: string, os: string, parsed: bowser.Parser.ParsedResult): DeviceType => {
  if (consoleAgent.test(agent)) return "console";
  if (tvAgent.test(agent)) return "tv";
  if (os === "iPadOS") return "tablet";
  if (os === "Android" || os === "HarmonyOS") {
    // Android phones say Mobile; tablets do not (developer.chrome.com, "User agent strings").
    if (/\btablet\b/i.test(agent) || /\bSilk\//.test(agent)) return "tablet";
    return /\bMobile\b|\bDalvik\/|Opera M(?:ini|obi)/i.test(agent) ? "mobile" : "tablet";
  }
  if (os === "Chrome OS") return "desktop";
  const type = parsed.platform.type;
  return type === "desktop" || type === "mobile" || type === "tablet" || type === "tv" ? type : "";
};

const parse = (agent: string): AgentFacts => {
  const isBot = isBotAgent(agent);
  const isSender = !isBot && senderAgent.test(agent);
  if (isSender && !agent.includes("Android")) return { ...nothing, deviceType: "other" };
  const parsed = bowser.parse(agent);
  const [browser, browserVersion] = isSender ? ["", ""] : readBrowser(agent, parsed);
  const [os, osVersion] = readSystem(agent, parsed);
  const device = isBot ? "bot" : readDevice(agent, os, parsed);
  const deviceType = device === "" && !isBrowserLike(agent) ? "other" : device;
  return { deviceType, browser, browserVersion, os, osVersion, isBot };
};

/**
 * Reads device, browser and operating system from a `User-Agent`, and whether it is a bot (see `isBotAgent`).
 * Only the first 512 characters are looked at. Never throws; an unknown or empty agent gives empty strings.
 * Answers are shared and frozen; a repeated agent costs one map look-up.
 */
export const readUserAgent = (agent: string): AgentFacts => {
  const known = cache.get(agent);
  if (known !== undefined) return known;
  if (agent === "") return nothing;
  if (agent.length > maxAgentLength) return readUserAgent(agent.slice(0, maxAgentLength));
  const facts = Object.freeze(parse(agent));
  cache.set(agent, facts);
  return facts;
};
