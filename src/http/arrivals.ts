import { IntakeFull, RequestTimeout } from "../domain/errors.ts";

export interface ArrivalLimits {
  /** So long a body may take from its head to its last byte, in milliseconds. */
  readonly deadlineMs: number;
  /** So many bytes may all bodies that are not complete announce together. */
  readonly maxBytes: number;
}

interface Arrival {
  readonly startedAt: number;
  readonly bytes: number;
  readonly giveUp: (reason: RequestTimeout | IntakeFull) => void;
}

/** After so long a sender whose body had to make room tries again, in seconds. */
const RETRY_AFTER_SECONDS = 2;

const intakeFull = new IntakeFull({ retryAfterSeconds: RETRY_AFTER_SECONDS });

/**
 * The bodies that are on their way. Each has a deadline, however many bytes trickle in meanwhile, and together they have a
 * bound: when a new one goes beyond it, those that have taken longest make room, so that slow senders can neither fill the
 * memory nor keep others out.
 *
 * One timer serves all of them, because nearly every body is complete before anything else happens.
 */
export class Arrivals {
  readonly #limits: ArrivalLimits;
  readonly #timeout: RequestTimeout;
  /** In the order in which they began. */
  readonly #underWay = new Set<Arrival>();
  #bytes = 0;
  #isWatched = false;

  constructor(limits: ArrivalLimits) {
    this.#limits = limits;
    this.#timeout = new RequestTimeout({ limitSeconds: limits.deadlineMs / 1000 });
  }

  /** How many bodies are not complete, and what they announced. */
  get underWay(): { readonly count: number; readonly bytes: number } {
    return { count: this.#underWay.size, bytes: this.#bytes };
  }

  /**
   * Waits for a body of at most `bytes`. Once it is given up nobody waits for `reading` any more: whoever answers has to
   * close the connection. Rejects as `reading` does.
   */
  wait(reading: Promise<Uint8Array>, bytes: number): Promise<Uint8Array | RequestTimeout | IntakeFull> {
    return new Promise((resolve, reject) => {
      const arrival = { startedAt: performance.now(), bytes, giveUp: resolve };
      this.#add(arrival);
      reading.then(
        (body) => {
          this.#remove(arrival);
          resolve(body);
        },
        (error: unknown) => {
          this.#remove(arrival);
          reject(error);
        },
      );
    });
  }

  #add(arrival: Arrival): void {
    this.#underWay.add(arrival);
    this.#bytes += arrival.bytes;
    if (!this.#isWatched) this.#watch(this.#limits.deadlineMs);
    if (this.#bytes <= this.#limits.maxBytes) return;
    for (const oldest of this.#underWay) {
      if (this.#bytes <= this.#limits.maxBytes || oldest === arrival) break;
      this.#remove(oldest);
      oldest.giveUp(intakeFull);
    }
  }

  #remove(arrival: Arrival): void {
    if (this.#underWay.delete(arrival)) this.#bytes -= arrival.bytes;
  }

  #watch(waitMs: number): void {
    this.#isWatched = true;
    setTimeout(() => this.#giveUpLate(), waitMs).unref();
  }

  #giveUpLate(): void {
    this.#isWatched = false;
    const now = performance.now();
    for (const arrival of this.#underWay) {
      const left = arrival.startedAt + this.#limits.deadlineMs - now;
      if (left > 0) {
        this.#watch(left);
        return;
      }
      this.#remove(arrival);
      arrival.giveUp(this.#timeout);
    }
  }
}
