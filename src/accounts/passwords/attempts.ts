import { createHmac } from "node:crypto";
import { senderNetwork } from "../../http/rate-limit/sender-network.ts";
import { steadyClock } from "../../http/rate-limit/steady-clock.ts";

/** So many at once, and from then on as many in each period. */
export interface AttemptRule {
  readonly attempts: number;
  readonly periodMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** For one account from one address, and so for each account that is tried, whether there is one or not. */
export const pairRules: ReadonlyArray<AttemptRule> = [
  { attempts: 10, periodMs: MINUTE_MS },
  { attempts: 50, periodMs: HOUR_MS },
];

/** For one address, whatever accounts it tries. */
export const addressRules: ReadonlyArray<AttemptRule> = [{ attempts: 100, periodMs: HOUR_MS }];

/** Beyond it those that were counted longest ago are forgotten. About 20 MiB. */
const MOST_KEPT = 131_072;

export interface Attempts {
  /**
   * Counts an attempt on `subject` from an address, or the milliseconds until one passes; then nothing is counted. An
   * attempt at that moment does pass, unless others come before it.
   */
  readonly take: (subject: string, address: string) => number;
  /** After a right password: what was mistyped before it is forgiven, on this subject from this address. */
  readonly forgive: (subject: string, address: string) => void;
  readonly size: () => number;
}

/**
 * How often passwords are tried, by the generic cell rate algorithm: kept is, for each rule, when the next attempt would
 * come if they came evenly. Nobody is kept out by somebody else's attempts: another address has its own count, one
 * IPv6 network of /64 being one address. Accounts and addresses are kept as hashes with a key that is made at start.
 */
export const makeAttempts = (clock: () => number = () => performance.now()): Attempts => {
  const now = steadyClock(clock);
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const keyOf = (...parts: ReadonlyArray<string>): string =>
    createHmac("sha256", secret).update(JSON.stringify(parts)).digest("base64url").slice(0, 22);
  const due = new Map<string, ReadonlyArray<number>>();

  const waitMs = (key: string, rules: ReadonlyArray<AttemptRule>, at: number): number => {
    const kept = due.get(key);
    if (kept === undefined) return 0;
    return Math.max(
      0,
      ...rules.map(({ attempts, periodMs }, index) =>
        // The last of those that may come at once is all but one interval early.
        Math.ceil((kept[index] ?? at) - at - (periodMs - periodMs / attempts)),
      ),
    );
  };
  const count = (key: string, rules: ReadonlyArray<AttemptRule>, at: number) => {
    const kept = due.get(key);
    due.delete(key);
    for (const oldest of due.keys()) {
      if (due.size < MOST_KEPT) break;
      due.delete(oldest);
    }
    due.set(
      key,
      rules.map(({ attempts, periodMs }, index) => Math.max(kept?.[index] ?? at, at) + periodMs / attempts),
    );
  };
  return {
    take: (subject, address) => {
      const at = now();
      const network = senderNetwork(address);
      const pair = keyOf(subject, network);
      const alone = keyOf(network);
      const wait = Math.max(waitMs(pair, pairRules, at), waitMs(alone, addressRules, at));
      if (wait > 0) return wait;
      count(pair, pairRules, at);
      count(alone, addressRules, at);
      return 0;
    },
    forgive: (subject, address) => void due.delete(keyOf(subject, senderNetwork(address))),
    size: () => due.size,
  };
};
