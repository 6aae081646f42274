import { BlockList } from "node:net";
import type { EventInput } from "../../domain/event.ts";
import { defaultPrivacy, type PrivacySettings, type SignalAnswer } from "../../projects/privacy.ts";
import { addNetwork, holdsAddress } from "../address-list.ts";
import { BoundedCache } from "../bounded-cache.ts";
import type { Drop } from "../draft.ts";
import { rememberLast } from "../remember-last.ts";
import { type CleanPageUrl, cleanPageUrl, pageUrlCleaner } from "../steps/page-url.ts";
import { pathPattern } from "./path-pattern.ts";

/** What a project and the visitor's own wish let be known of a request's events; decided once for all of them. */
export interface RequestPrivacy {
  /** Why none of the events is taken, if none is. */
  readonly drop: Drop | undefined;
  /** Takes out of an event what is not to be used; undefined where everything may be. */
  readonly strip: ((input: EventInput) => EventInput) | undefined;
  /** The visitor of all events of an anonymous request; undefined for every other one. */
  readonly anonymousVisitor: string | undefined;
  readonly storesUserAgent: boolean;
  readonly pageAddress: CleanPageUrl;
  /** Whether events of a path are not taken; undefined where all are. */
  readonly excludesPath: ((path: string) => boolean) | undefined;
}

/** What a request says of itself; the address (in its normal spelling) is compared and not kept. */
export interface PrivacySignals {
  readonly address: string;
  /** `DNT: 1` */
  readonly doNotTrack: boolean;
  /** `Sec-GPC: 1` */
  readonly globalPrivacyControl: boolean;
}

const withoutIds = (input: EventInput): EventInput => ({
  ...input,
  visitor_id: null,
  session_id: null,
  user_id: null,
});

/** Also what narrows down a browser or a place: a screen is one of thousands, and a time zone tells the region. */
const anonymous = (input: EventInput): EventInput => ({
  ...withoutIds(input),
  screen: null,
  timezone: null,
});

/**
 * A visitor who is nobody's: drawn anew for each request, so that nothing joins what was sent before or after. Zero means
 * none elsewhere.
 */
const stranger = (): string => {
  const [number = 0n] = crypto.getRandomValues(new BigUint64Array(1));
  return String(number === 0n ? 1n : number);
};

const drops = {
  address: { code: "excluded_address", message: "The project takes no events from this address." },
  doNotTrack: {
    code: "do_not_track",
    message: "The visitor asks not to be tracked (DNT: 1), and the project follows that.",
  },
  globalPrivacyControl: {
    code: "global_privacy_control",
    message: "The visitor asks for privacy (Sec-GPC: 1), and the project follows that by taking no events.",
  },
} as const satisfies Readonly<Record<string, Drop>>;

const ordinaryAddress = rememberLast(cleanPageUrl);
const anonymousAddress = rememberLast(
  pageUrlCleaner({ excludedParameters: new Set(), withClickIds: false }, 4096),
);

interface Rules {
  readonly addresses: BlockList | undefined;
  readonly ordinary: RequestPrivacy;
  readonly anonymous: RequestPrivacy;
}

const excludedPaths = (patterns: ReadonlyArray<string>): ((path: string) => boolean) | undefined => {
  if (patterns.length === 0) return undefined;
  const fits = patterns.map(pathPattern);
  const known = new BoundedCache<boolean>(8192, 512);
  return (path) => {
    // An event without a page has no path that could be excluded.
    if (path === "") return false;
    let isExcluded = known.get(path);
    if (isExcluded === undefined) {
      isExcluded = fits.some((fit) => fit(path));
      known.set(path, isExcluded);
    }
    return isExcluded;
  };
};

const compile = (settings: PrivacySettings): Rules => {
  const excludedParameters = new Set(settings.excludedQueryParameters);
  const hasOwn = excludedParameters.size > 0;
  const cleaner = (withClickIds: boolean) =>
    rememberLast(pageUrlCleaner({ excludedParameters, withClickIds }, 4096));
  const addresses = new BlockList();
  for (const entry of settings.excludedAddresses) addNetwork(addresses, entry);
  const ordinary: RequestPrivacy = {
    drop: undefined,
    strip: settings.visitors === "cookieless" ? withoutIds : undefined,
    anonymousVisitor: undefined,
    storesUserAgent: settings.storesUserAgent,
    pageAddress: hasOwn ? cleaner(true) : ordinaryAddress,
    excludesPath: excludedPaths(settings.excludedPaths),
  };
  return {
    addresses: settings.excludedAddresses.length === 0 ? undefined : addresses,
    ordinary,
    anonymous: {
      ...ordinary,
      strip: anonymous,
      storesUserAgent: false,
      pageAddress: hasOwn ? cleaner(false) : anonymousAddress,
    },
  };
};

// A changed project has new settings, so these are never out of date.
const compiled = new WeakMap<PrivacySettings, Rules>();

const rulesOf = (settings: PrivacySettings): Rules => {
  let rules = compiled.get(settings);
  if (rules === undefined) {
    rules = compile(settings);
    compiled.set(settings, rules);
  }
  return rules;
};

/** What is known of a request's events. An excluded address goes first, and of two signals the stricter answer counts. */
export const requestPrivacy = (settings: PrivacySettings, signals: PrivacySignals): RequestPrivacy => {
  const rules = rulesOf(settings);
  if (rules.addresses !== undefined && holdsAddress(rules.addresses, signals.address)) {
    return { ...rules.ordinary, drop: drops.address };
  }
  if (!signals.doNotTrack && !signals.globalPrivacyControl) return rules.ordinary;
  const dnt: SignalAnswer = signals.doNotTrack ? settings.doNotTrack : "ignore";
  const gpc: SignalAnswer = signals.globalPrivacyControl ? settings.globalPrivacyControl : "ignore";
  if (dnt === "drop") return { ...rules.ordinary, drop: drops.doNotTrack };
  if (gpc === "drop") return { ...rules.ordinary, drop: drops.globalPrivacyControl };
  if (dnt === "ignore" && gpc === "ignore") return rules.ordinary;
  return { ...rules.anonymous, anonymousVisitor: stranger() };
};

/** Of a request without signals to a project with the settings it is made with. */
export const ordinaryPrivacy: RequestPrivacy = rulesOf(defaultPrivacy).ordinary;
