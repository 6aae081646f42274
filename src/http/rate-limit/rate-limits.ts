import type { Settings } from "../../config.ts";
import { RateLimited } from "../../domain/errors.ts";
import { IdHash, randomKey } from "../../ingest/duplicates/id-hash.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { Limit } from "./limit.ts";
import { senderNetwork } from "./sender-network.ts";
import { SenderTable } from "./sender-table.ts";
import { steadyClock } from "./steady-clock.ts";

/** Places in the table, 1.75 MiB: about so many senders can owe something at the same time and be told apart. */
const SENDERS = 65_536;

/** What one sender may still do under one key. Lives as long as a request. */
export interface Allowance {
  /** Why a request without events would be refused now; nothing is counted. */
  readonly refusal: () => RateLimited | undefined;
  /**
   * Counts one request with this many events, or says why it is refused. Where only the events do not fit, none of them
   * is counted but the request is; else a refusal counts nothing. After `retryAfterSeconds` the same request passes,
   * unless others of the same sender come before it.
   */
  readonly take: (events: number) => RateLimited | undefined;
  /** `RateLimit-Policy` and `RateLimit` as of the last `refusal` or `take`; none if there are no limits. */
  readonly headers: () => Readonly<Record<string, string>>;
}

export interface RateLimits {
  /**
   * The allowance of a sender: of its address, or of its /64 network (see `senderNetwork`), under one key. `key` is the
   * id of a key or project that was found, "" for requests without one. Never a text that senders can make up: each
   * would bring a new allowance. `address` is in its normal spelling, as `clientAddress` gives it, "" for an unknown one.
   */
  readonly of: (key: string, address: string) => Allowance;
  /** Memory that it occupies, however many senders there are. */
  readonly bytes: number;
}

export interface RateLimitOptions {
  /** Milliseconds since whenever; the process's own monotonic clock unless a test stands in another. */
  readonly clock?: () => number;
  readonly senders?: number;
}

const noHeaders: Readonly<Record<string, string>> = {};

const unlimited: Allowance = {
  refusal: () => undefined,
  take: () => undefined,
  headers: () => noHeaders,
};

/** What is kept in common by all allowances. */
class Book {
  readonly requests: Limit;
  readonly events: Limit;
  readonly table: SenderTable;
  readonly now: () => number;
  readonly refused: () => void;
  readonly policy: string;

  constructor(requests: Limit, events: Limit, options: RateLimitOptions, refused: () => void) {
    this.requests = requests;
    this.events = events;
    this.table = new SenderTable(options.senders ?? SENDERS, requests, events);
    this.now = steadyClock(options.clock ?? (() => performance.now()));
    this.refused = refused;
    const policies: Array<string> = [];
    if (requests.perMinute > 0) policies.push(`"requests";q=${requests.perMinute};w=60`);
    if (events.perMinute > 0) policies.push(`"events";q=${events.perMinute};w=60`);
    this.policy = policies.join(", ");
  }
}

/**
 * `"requests";r=999;t=60`: what is left, and the seconds in which so much comes back at the limit's rate, so that who
 * spreads the one over the other never has to wait; with nothing left, the seconds until there is something again.
 */
const serviceLimit = (name: string, limit: Limit, debt: number, retryAfterSeconds: number): string => {
  if (limit.perMinute === 0) return "";
  const left = limit.left(debt);
  const seconds =
    left > 0 ? Math.ceil((left * 60) / limit.perMinute) : Math.ceil(limit.waitMs(debt, 1) / 1000);
  return `"${name}";r=${left};t=${Math.min(seconds, retryAfterSeconds)}`;
};

class SenderAllowance implements Allowance {
  readonly #book: Book;
  readonly #low: number;
  readonly #high: number;
  #known = false;
  #requestDebt = 0;
  #eventDebt = 0;
  #retryAfterSeconds = Number.POSITIVE_INFINITY;

  constructor(book: Book, low: number, high: number) {
    this.#book = book;
    this.#low = low;
    this.#high = high;
  }

  refusal(): RateLimited | undefined {
    const { requests } = this.#book;
    this.#load();
    const waitMs = requests.waitMs(this.#requestDebt, 1);
    return waitMs === 0 ? undefined : this.#refuse("requests", waitMs);
  }

  take(count: number): RateLimited | undefined {
    const { table, requests, events } = this.#book;
    this.#load();
    const eventsWaitMs = events.waitMs(this.#eventDebt, count);
    const requestWaitMs = requests.waitMs(this.#requestDebt, 1);
    if (requestWaitMs > 0) {
      return eventsWaitMs > requestWaitMs
        ? this.#refuse("events", eventsWaitMs)
        : this.#refuse("requests", requestWaitMs);
    }
    this.#requestDebt = requests.with(this.#requestDebt, 1);
    if (eventsWaitMs === 0) this.#eventDebt = events.with(this.#eventDebt, count);
    table.save(this.#requestDebt, this.#eventDebt);
    if (eventsWaitMs === 0) return undefined;
    // The next request has to pass as well.
    return this.#refuse("events", Math.max(eventsWaitMs, requests.waitMs(this.#requestDebt, 1)));
  }

  headers(): Readonly<Record<string, string>> {
    const { requests, events, policy } = this.#book;
    if (!this.#known) this.#load();
    const retry = this.#retryAfterSeconds;
    const ofRequests = serviceLimit("requests", requests, this.#requestDebt, retry);
    const ofEvents = serviceLimit("events", events, this.#eventDebt, retry);
    const ratelimit =
      ofRequests === "" || ofEvents === "" ? ofRequests + ofEvents : `${ofRequests}, ${ofEvents}`;
    return { "ratelimit-policy": policy, ratelimit };
  }

  #load(): void {
    const { table, now } = this.#book;
    table.load(this.#low, this.#high, now());
    this.#known = true;
    this.#requestDebt = table.requestDebt;
    this.#eventDebt = table.eventDebt;
    this.#retryAfterSeconds = Number.POSITIVE_INFINITY;
  }

  #refuse(limit: RateLimited["limit"], waitMs: number): RateLimited {
    this.#book.refused();
    this.#retryAfterSeconds = Math.ceil(waitMs / 1000);
    const { perMinute } = this.#book[limit];
    return new RateLimited({ limit, perMinute, retryAfterSeconds: this.#retryAfterSeconds });
  }
}

/**
 * The limits of requests and of events per key and sender, exact to the millisecond (see `Limit`): a sender that was quiet
 * has the whole minute's allowance at once. A batch of more events than the whole allowance passes when nothing is owed,
 * and is paid back for as long as it takes.
 *
 * Memory is fixed, and nothing that a sender owes is forgotten (see `SenderTable`). In return strangers are refused for
 * others where senders of about 65,536 addresses all use up a minute's allowance in a minute: by the defaults a million
 * requests a second. Of addresses nothing is kept but 45 bits of a hash, with a key that is made at start. Headers are
 * those of draft-ietf-httpapi-ratelimit-headers-11.
 */
export const makeRateLimits = (
  settings: Pick<Settings, "rateLimitPerMinute" | "rateLimitEventsPerMinute">,
  metrics: Pick<Metrics["Type"], "refused">,
  options: RateLimitOptions = {},
): RateLimits => {
  const requests = new Limit(settings.rateLimitPerMinute);
  const events = new Limit(settings.rateLimitEventsPerMinute);
  if (requests.perMinute === 0 && events.perMinute === 0) return { of: () => unlimited, bytes: 0 };
  const book = new Book(requests, events, options, () => void metrics.refused("RateLimited"));
  const hash = new IdHash(randomKey());
  return {
    of: (key, address) => {
      hash.of(key, senderNetwork(address));
      return new SenderAllowance(book, hash.low, hash.high);
    },
    bytes: book.table.bytes,
  };
};
