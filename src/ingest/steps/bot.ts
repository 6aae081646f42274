import { createIsbotFromList, isbot, list } from "isbot";
import { crawlerAgent, inAppBrowsers, senderAgent } from "./agent-families.ts";

/**
 * `isbot` also holds patterns for the mere shape of a program's name ("anything/1.0") and for words of ordinary back ends
 * ("server", "java"). A shop's own program looks like that, so for programs only the other patterns count: those that
 * match none of these names.
 */
const ordinaryPrograms = [
  ...[
    "Qzxv",
    "Qzxv/1",
    "Qzxv/1.0",
    "qzxv-ffgh/2.3.4",
    "qzxv.ffgh/v1.2",
    "Qzxv/abc",
    "Qzxv 1.2",
    "Qzxv/1.0;",
    "Qzxv/1.0 (qz)",
  ],
  ...[
    "qzxv-server node",
    "qzxv-http url",
    "qzxv java perl",
    "qzxv-proxy",
    "qzxv-tools",
    "qzxv-library",
    "qzxv agent",
    "(qzxv.com)",
  ],
];
const namesOnly = list.filter((pattern) => {
  const expression = new RegExp(pattern, "i");
  return !ordinaryPrograms.some((agent) => expression.test(agent));
});
const isNamedBot = createIsbotFromList(namesOnly);

const address = /\bhttps?:\/\/[^\s;,)]*/gi;
/** What follows the Android version is the maker's name for the device: "CUBOT NOTE 20", "ScanPal EDA50", "Discovery". */
const androidModel = /(\bAndroid [\d.]+;\s*)(?:[a-z]{2}[-_][a-z]{2};\s*)?[^;)]*/i;
const cubot = /cubot/gi;

/**
 * Whether an agent is a crawler, a monitor, a link previewer or a remote-controlled browser.
 *
 * A program that posts events itself (an HTTP client, an SDK, a back end under its own name) is a sender and not a bot;
 * it becomes one only when it names itself a crawler ("python-requests (FooBot)") or, being none of the known clients,
 * leaves a crawler's calling card ("Foo/1.0 (+https://…)"). An empty agent is not a bot.
 *
 * Sources: `isbot`'s patterns, corrected by the lists in `agent-families.ts`.
 */
export const isBotAgent = (agent: string): boolean => {
  if (agent === "") return false;
  const described = agent.replace(androidModel, "$1").replace(cubot, "");
  // A sender's address may contain any word ("WordPress/6.5; https://robot-shop.example").
  const words = described.replace(address, "");
  if (crawlerAgent.test(words)) return true;
  if (senderAgent.test(words)) return false;
  if (inAppBrowsers.some(([, sign]) => sign.test(agent))) return false;
  if (isBrowserLike(agent)) return isbot(described);
  return /\+https?:/i.test(agent) || isNamedBot(words);
};

/** Whether an agent is written as browsers write theirs, not as programs do. */
export const isBrowserLike = (agent: string): boolean => /^(?:mozilla|opera)\//i.test(agent);
