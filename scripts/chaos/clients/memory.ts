import type { Random } from "../../../src/testing/traffic/random.ts";

const REQUESTS = 2000;
const RECENT = 50;

type Numbers = ReadonlyArray<number>;

/** What clients remember of what they sent, so that they can send it again. */
export class Memory {
  readonly #recent: Array<Numbers> = [];
  /** An even sample of all requests since the run began. */
  readonly #sample: Array<Numbers> = [];
  readonly #abandoned: Array<number> = [];
  #remembered = 0;

  remember(numbers: Numbers, random: Random): void {
    this.#recent[this.#remembered % RECENT] = numbers;
    this.#remembered++;
    if (this.#sample.length < REQUESTS) this.#sample.push(numbers);
    else {
      const place = random.below(this.#remembered);
      if (place < REQUESTS) this.#sample[place] = numbers;
    }
  }

  abandon(numbers: Numbers): void {
    this.#abandoned.push(...numbers);
  }

  /** A request that was answered, just now or long ago. */
  request(random: Random): Numbers | undefined {
    const from = random.chance(0.5) ? this.#recent : this.#sample;
    return from[random.below(Math.max(1, from.length))];
  }

  /** Single events out of answered requests. */
  olds(random: Random, count: number): Numbers {
    return Array.from({ length: count }, () => this.request(random)).flatMap((numbers) =>
      numbers === undefined ? [] : [numbers[random.below(numbers.length)] as number],
    );
  }

  /** Takes out events that were given up without an answer. */
  abandoned(random: Random, count: number): Numbers {
    const start = random.below(Math.max(1, this.#abandoned.length));
    return this.#abandoned.splice(start, count);
  }
}
