import { Context, Effect, Layer } from "effect";
import { AppSettings } from "../config.ts";
import { BoundedCache } from "./bounded-cache.ts";
import { networkOf } from "./ip-address.ts";
import { dayMs, openVisitorSecrets } from "./visitor-secrets.ts";

/**
 * Turns what identifies a person into numbers that identify nobody outside of this installation. All answers are
 * unsigned 64-bit numbers in decimal, never "0"; equal input gives equal numbers, across restarts too.
 */
export interface VisitorKeys {
  /** The visitor behind a client's own id (cookie, storage, user id): the same for as long as the data directory lives. */
  readonly clientVisitor: (project: string, clientId: string) => string;
  /** The session behind a client's session id; another number than `clientVisitor` gives for the same text. */
  readonly session: (project: string, sessionId: string) => string;
  /**
   * The visitor of a site without any id: the same for one UTC day, and unrelated to every other day's and site's.
   * Only the first 512 characters of the agent count.
   * `at` (epoch ms, default now) chooses the day for events that come late, as far as its salt still lives.
   */
  readonly cookielessVisitor: (
    project: string,
    site: string,
    address: string,
    agent: string,
    at?: number,
  ) => string;
  /** Destroys expired salts; call it now and then, because a site without visitors would keep its last one. */
  readonly prune: () => void;
  /** Why the salts could not be written, if they could not; they work from memory until the next try. */
  readonly problem: () => Error | undefined;
}

/** The keys of the data directory. */
export class Visitors extends Context.Tag("footfall/Visitors")<Visitors, VisitorKeys>() {}

const maxAgentLength = 512;

type Hash = (text: string) => string;

/** A keyed hasher is set up once and copied: 0.44 µs a hash, where a new one takes 0.63 and node:crypto's HMAC 0.88. */
const hmac = (key: Uint8Array): Hash => {
  const keyed = new Bun.CryptoHasher("sha256", key);
  return (text) => {
    const number = keyed.copy().update(text).digest().readBigUInt64BE(0);
    return number === 0n ? "1" : number.toString();
  };
};

const derived = (key: Uint8Array, purpose: string): Hash =>
  hmac(new Bun.CryptoHasher("sha256", key).update(purpose).digest());

const idHash = (hash: Hash): ((project: string, id: string) => string) => {
  const cache = new BoundedCache<string>(65_536, 200);
  // The events of a request mostly have their id in common.
  let lastProject = "";
  let lastId: string | undefined;
  let lastNumber = "";
  return (project, id) => {
    if (id === lastId && project === lastProject) return lastNumber;
    const text = `${project}\0${id}`;
    let number = cache.get(text);
    if (number === undefined) {
      number = hash(text);
      cache.set(text, number);
    }
    lastProject = project;
    lastId = id;
    lastNumber = number;
    return number;
  };
};

/** What is known of a UTC day: its salted hash once somebody came, and the last visitor asked for. */
interface Day {
  readonly number: number;
  readonly start: number;
  readonly end: number;
  readonly visitors: BoundedCache<string>;
  hash: Hash | undefined;
  project: string;
  site: string;
  address: string;
  agent: string;
  visitor: string;
}

const openDay = (number: number): Day => ({
  number,
  start: number * dayMs,
  end: (number + 1) * dayMs,
  visitors: new BoundedCache<string>(65_536, 400),
  hash: undefined,
  project: "",
  site: "",
  address: "",
  agent: "\0none",
  visitor: "",
});

/**
 * Opens the keys of a data directory, making `visitor-keys.json` (mode 0600) at the first start. `now` is epoch ms.
 * Throws an `Error` that names the file when it cannot be read or made, or is damaged: new keys in its place would
 * turn every returning visitor into a new one, so that is left to the operator.
 *
 * What this protects: numbers leave the process, ids, addresses and agents do not.
 * - A client's id goes through HMAC-SHA256 under a key that never leaves the directory, so that a copy of the database
 *   cannot be matched with a browser's storage or with another installation.
 * - Without an id, the day's random salt keys the hash of the site, the address's network (/24 or /48) and the agent.
 *   A salt is used for one UTC day and destroyed, in memory and on disk, when the next day ends: at most 48 h after it
 *   was made. From then on nobody, the operator included, can tell whether a given address was among the visitors.
 * - The caches hold raw input in memory only, are bounded, and the cookieless one is emptied when the day ends.
 */
export const openVisitorKeys = (dataDir: string, now: () => number): VisitorKeys => {
  const secrets = openVisitorSecrets(dataDir, now());
  const visitors = idHash(derived(secrets.installation, "visitor"));
  const sessions = idHash(derived(secrets.installation, "session"));
  const networks = new BoundedCache<string>(32_768, 45);
  // Agents are long; a short stand-in keeps the keys of the day's visitors small and quick to compare.
  const agents = new BoundedCache<string>(16_384, maxAgentLength);
  let agentCount = 0;
  let today = openDay(Math.floor(now() / dayMs));
  let yesterday: Day | undefined;

  const roll = (time: number): void => {
    today = openDay(Math.floor(time / dayMs));
    yesterday = undefined;
    networks.clear();
    agents.clear();
    secrets.prune(time);
  };

  const dayOf = (at: number): Day => {
    if (at >= today.start || at < today.start - dayMs) return today;
    yesterday ??= openDay(today.number - 1);
    return yesterday;
  };

  const network = (address: string): string => {
    const known = networks.get(address);
    if (known !== undefined) return known;
    const found = networkOf(address);
    networks.set(address, found);
    return found;
  };

  const agentKey = (agent: string): string => {
    const known = agents.get(agent);
    if (known !== undefined) return known;
    const made = (agentCount++).toString(36);
    agents.set(agent, made);
    return made;
  };

  return {
    clientVisitor: visitors,
    session: sessions,
    cookielessVisitor: (project, site, address, agent, at) => {
      const time = now();
      if (time >= today.end || time < today.start) roll(time);
      const day = at === undefined ? today : dayOf(at);
      // The events of a request have all of these in common.
      if (day.agent === agent && day.address === address && day.site === site && day.project === project) {
        return day.visitor;
      }
      const place = network(address);
      const known = agent.length > maxAgentLength ? agent.slice(0, maxAgentLength) : agent;
      const key = `${place} ${agentKey(known)} ${project}\0${site}`;
      let visitor = day.visitors.get(key);
      if (visitor === undefined) {
        day.hash ??= hmac(secrets.salt(day.number, time));
        visitor = day.hash(`${project}\0${site}\0${place}\0${known}`);
        day.visitors.set(key, visitor);
      }
      day.project = project;
      day.site = site;
      day.address = address;
      day.agent = agent;
      day.visitor = visitor;
      return visitor;
    },
    prune: () => {
      const time = now();
      if (time >= today.end || time < today.start) roll(time);
      else secrets.prune(time);
    },
    problem: secrets.problem,
  };
};

export const layerVisitors = Layer.scoped(
  Visitors,
  Effect.gen(function* () {
    const { dataDir } = yield* AppSettings;
    const keys = openVisitorKeys(dataDir, Date.now);
    // Salts are destroyed on time also when no visitor comes.
    yield* Effect.forkScoped(Effect.forever(Effect.delay(Effect.sync(keys.prune), "1 minute")));
    return keys;
  }),
);
