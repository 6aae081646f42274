import { BlockList } from "node:net";
import { Either } from "effect";
import { type JsonObject, jsonObject, knownKeys } from "../http/json-body.ts";
import { addNetwork } from "../ingest/address-list.ts";
import { type Decoded, invalid } from "../stats/parameters/reader.ts";

/** What is done with events of somebody who asks not to be tracked. */
export const signalAnswers = ["ignore", "anonymous", "drop"] as const;
export type SignalAnswer = (typeof signalAnswers)[number];

/**
 * How visitors are told apart: by the id that a sender gave, else by the day's salted hash (`client`), or by that hash
 * alone (`cookieless`), whatever ids are sent.
 */
export const visitorRules = ["client", "cookieless"] as const;
export type VisitorRule = (typeof visitorRules)[number];

/** What a project wants to know of its visitors, and what not. */
export interface PrivacySettings {
  readonly visitors: VisitorRule;
  /** For requests with `DNT: 1`. */
  readonly doNotTrack: SignalAnswer;
  /** For requests with `Sec-GPC: 1`. */
  readonly globalPrivacyControl: SignalAnswer;
  /** Addresses and networks whose events are not taken. */
  readonly excludedAddresses: ReadonlyArray<string>;
  /** Patterns of paths whose events are not taken (see `pathPattern`). */
  readonly excludedPaths: ReadonlyArray<string>;
  /** Query parameters that are not kept, of those that are kept otherwise; in lower case. */
  readonly excludedQueryParameters: ReadonlyArray<string>;
  /** Whether events keep the user agent as it was sent, as their property `$user_agent`. */
  readonly storesUserAgent: boolean;
}

export const defaultPrivacy: PrivacySettings = {
  visitors: "client",
  doNotTrack: "ignore",
  globalPrivacyControl: "anonymous",
  excludedAddresses: [],
  excludedPaths: [],
  excludedQueryParameters: [],
  storesUserAgent: false,
};

/** Most entries of one of the lists. */
export const MAXIMUM_EXCLUSIONS = 100;

const MAXIMUM_LENGTH = 200;

/** As it stands in requests, answers and the column `settings`. */
export const shownPrivacy = (privacy: PrivacySettings) => ({
  visitors: privacy.visitors,
  do_not_track: privacy.doNotTrack,
  global_privacy_control: privacy.globalPrivacyControl,
  excluded_addresses: privacy.excludedAddresses,
  excluded_paths: privacy.excludedPaths,
  excluded_query_parameters: privacy.excludedQueryParameters,
  store_user_agent: privacy.storesUserAgent,
});

const known = Object.keys(shownPrivacy(defaultPrivacy));

const choice = <const A extends string>(
  value: unknown,
  name: string,
  choices: ReadonlyArray<A>,
): Decoded<A> => {
  const found = choices.find((each) => each === value);
  return found === undefined ? invalid(name, `takes one of ${choices.join(", ")}.`) : Either.right(found);
};

/** `read` gives the entry as it is kept, or undefined for one that is none. */
const list = (
  value: unknown,
  name: string,
  what: string,
  read: (entry: string) => string | undefined,
): Decoded<ReadonlyArray<string>> => {
  const takes = `takes a list of at most ${MAXIMUM_EXCLUSIONS} ${what}.`;
  if (!Array.isArray(value) || value.length > MAXIMUM_EXCLUSIONS) return invalid(name, takes);
  const entries = new Set<string>();
  for (const each of value) {
    const entry =
      typeof each === "string" && each.length <= MAXIMUM_LENGTH && /^[^\p{Cc}\p{Cs}]+$/u.test(each)
        ? read(each.trim())
        : undefined;
    if (entry === undefined) return invalid(name, takes);
    entries.add(entry);
  }
  return Either.right([...entries]);
};

const network = (entry: string) => (addNetwork(new BlockList(), entry) === undefined ? entry : undefined);
const pattern = (entry: string) => (/^[/*]/.test(entry) ? entry : undefined);
const parameter = (entry: string) => (/^[\w.~[\]-]+$/.test(entry) ? entry.toLowerCase() : undefined);

const flag = (value: unknown): Decoded<boolean> =>
  typeof value === "boolean"
    ? Either.right(value)
    : invalid("privacy.store_user_agent", "takes true or false.");

/** What of the settings is to be changed; a list that is given takes the place of the one before. */
export const decodePrivacyChange = (value: unknown): Decoded<Partial<PrivacySettings>> =>
  Either.gen(function* () {
    const wish: JsonObject = yield* jsonObject(value, "privacy", "an object of privacy settings");
    yield* knownKeys(wish, known, "privacy");
    const signal = (key: string) => choice(wish[key], `privacy.${key}`, signalAnswers);
    const entries = (key: string, what: string, read: (entry: string) => string | undefined) =>
      list(wish[key], `privacy.${key}`, what, read);
    const has = (key: string) => wish[key] !== undefined;
    return {
      ...(has("visitors")
        ? { visitors: yield* choice(wish.visitors, "privacy.visitors", visitorRules) }
        : {}),
      ...(has("do_not_track") ? { doNotTrack: yield* signal("do_not_track") } : {}),
      ...(has("global_privacy_control")
        ? { globalPrivacyControl: yield* signal("global_privacy_control") }
        : {}),
      ...(has("excluded_addresses")
        ? {
            excludedAddresses: yield* entries(
              "excluded_addresses",
              'addresses and networks such as ["192.0.2.1", "2001:db8::/32"]',
              network,
            ),
          }
        : {}),
      ...(has("excluded_paths")
        ? {
            excludedPaths: yield* entries(
              "excluded_paths",
              'patterns of paths such as ["/admin/**", "/*/preview"]',
              pattern,
            ),
          }
        : {}),
      ...(has("excluded_query_parameters")
        ? {
            excludedQueryParameters: yield* entries(
              "excluded_query_parameters",
              'names such as ["utm_term", "gclid"]',
              parameter,
            ),
          }
        : {}),
      ...(has("store_user_agent") ? { storesUserAgent: yield* flag(wish.store_user_agent) } : {}),
    };
  });
