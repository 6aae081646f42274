import type { Limit } from "./limit.ts";

/** Places that a sender can have; which ones is decided by its hash. */
const WAYS = 8;

/**
 * What senders owe under two limits, in memory that is fixed: 28 bytes for each place. A sender is 32 bits of its hash in
 * a bucket that other bits of it choose.
 *
 * No debt is ever forgotten before it is paid back, however many senders come. A place is free when nothing is owed there
 * any more; where a bucket has none, a new sender takes the place of the one who owes least, and owes under either limit
 * what takes as long to pay back. So what is least owed in a full bucket never gets less but by time, and whoever lost
 * its place owes at least as much when it comes back. (The idea is that of Space-Saving: A. Metwally, D. Agrawal, A. El
 * Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams", ICDT 2005.)
 */
export class SenderTable {
  /** What the sender who was loaded owes. */
  requestDebt = 0;
  eventDebt = 0;
  readonly #requests: Limit;
  readonly #events: Limit;
  readonly #buckets: number;
  readonly #prints: Int32Array;
  /** When the debts were those that are kept, in milliseconds. */
  readonly #times: Float64Array;
  readonly #requestDebts: Float64Array;
  readonly #eventDebts: Float64Array;
  #slot = 0;
  #print = 0;
  #now = 0;

  /** `senders` is a number of places, in whole buckets of 8. */
  constructor(senders: number, requests: Limit, events: Limit) {
    this.#requests = requests;
    this.#events = events;
    this.#buckets = Math.max(1, Math.floor(senders / WAYS));
    const places = this.#buckets * WAYS;
    this.#prints = new Int32Array(places);
    this.#times = new Float64Array(places);
    this.#requestDebts = new Float64Array(places);
    this.#eventDebts = new Float64Array(places);
  }

  get bytes(): number {
    const { byteLength } = this.#prints;
    return byteLength + this.#times.byteLength + this.#requestDebts.byteLength + this.#eventDebts.byteLength;
  }

  /** Reads what a sender owes now; `now` never goes back. The sender is a hash, two 32-bit halves that are evenly spread. */
  load(low: number, high: number, now: number): void {
    this.#print = low;
    this.#now = now;
    const first = Math.floor(((high >>> 0) * this.#buckets) / 0x1_0000_0000) * WAYS;
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#prints[slot] === low) {
        this.#slot = slot;
        const elapsed = now - (this.#times[slot] as number);
        this.requestDebt = this.#requests.after(this.#requestDebts[slot] as number, elapsed);
        this.eventDebt = this.#events.after(this.#eventDebts[slot] as number, elapsed);
        return;
      }
    }
    this.#newcomer(first, now);
  }

  /** Keeps what the sender who was loaded last owes now. */
  save(requestDebt: number, eventDebt: number): void {
    const slot = this.#slot;
    this.requestDebt = requestDebt;
    this.eventDebt = eventDebt;
    this.#prints[slot] = this.#print;
    this.#times[slot] = this.#now;
    this.#requestDebts[slot] = requestDebt;
    this.#eventDebts[slot] = eventDebt;
  }

  /** Finds the place for a sender who has none. */
  #newcomer(first: number, now: number): void {
    let least = Number.POSITIVE_INFINITY;
    for (let slot = first; slot < first + WAYS; slot++) {
      const within = Math.max(
        this.#requests.paidWithinMs(this.#requestDebts[slot] as number),
        this.#events.paidWithinMs(this.#eventDebts[slot] as number),
      );
      const owes = Math.max(0, (this.#times[slot] as number) + within - now);
      if (owes < least) {
        least = owes;
        this.#slot = slot;
        if (owes === 0) break;
      }
    }
    this.requestDebt = this.#requests.debtOf(least);
    this.eventDebt = this.#events.debtOf(least);
  }
}
