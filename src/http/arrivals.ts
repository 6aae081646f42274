import { IntakeFull, RequestTimeout } from "../domain/errors.ts";

export interface ArrivalLimits {
  /** So long a body may take from its head to its last byte, in milliseconds. */
  readonly deadlineMs: number;
  /** So many bytes may all bodies that are not complete hold together. */
  readonly maxBytes: number;
}

interface Arrival {
  readonly startedAt: number;
  bytes: number;
  readonly giveUp: (reason: RequestTimeout | IntakeFull) => void;
}

/** After so long a sender whose body had to make room tries again, in seconds. */
const RETRY_AFTER_SECONDS = 2;

const intakeFull = new IntakeFull({ retryAfterSeconds: RETRY_AFTER_SECONDS });

/**
 * The bodies that are on their way. Each has a deadline, however many bytes trickle in meanwhile, and together they have a
 * bound: beyond it those that have taken longest make room, so that slow senders can neither fill the memory nor keep
 * others out.
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

  /** How many bodies are not complete, and what they hold. */
  get underWay(): { readonly count: number; readonly bytes: number } {
    return { count: this.#underWay.size, bytes: this.#bytes };
  }

  /**
   * Waits for a body, of which `read` says how many bytes it holds as they are added. Once it is given up nobody waits for
   * it any more: whoever answers has to close the connection. Rejects as `read` does.
   */
  wait(
    read: (added: (bytes: number) => void) => Promise<Uint8Array>,
  ): Promise<Uint8Array | RequestTimeout | IntakeFull> {
    return new Promise((resolve, reject) => {
      const arrival = { startedAt: performance.now(), bytes: 0, giveUp: resolve };
      this.#underWay.add(arrival);
      if (!this.#isWatched) this.#watch(this.#limits.deadlineMs);
      read((bytes) => this.#grow(arrival, bytes)).then(
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

  #grow(arrival: Arrival, bytes: number): void {
    // One that was given up may still be read.
    if (!this.#underWay.has(arrival)) return;
    arrival.bytes += bytes;
    this.#bytes += bytes;
    if (this.#bytes <= this.#limits.maxBytes) return;
    for (const oldest of this.#underWay) {
      if (this.#bytes <= this.#limits.maxBytes || this.#underWay.size === 1) break;
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
