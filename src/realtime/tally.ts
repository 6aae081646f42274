/** One more of it. */
export const addTo = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

/** Visitors that were counted, in all and by where they are and come from. */
export class Tally {
  visitors = 0;
  readonly pages = new Map<string, number>();
  readonly countries = new Map<string, number>();
  readonly #referrers = new Map<string, Map<string, number>>();

  constructor(
    /** How many visitors one that was counted stands for. */
    readonly factor: number,
    readonly isExact: boolean,
  ) {}

  /** Visitors by referrer, of those who came through this channel. */
  referrersOf(channel: string): Map<string, number> {
    let referrers = this.#referrers.get(channel);
    if (referrers === undefined) {
      referrers = new Map();
      this.#referrers.set(channel, referrers);
    }
    return referrers;
  }

  get channels(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return this.#referrers;
  }

  /** What a count stands for. */
  estimate(count: number): number {
    return Math.round(count * this.factor);
  }
}

export interface Ranked {
  readonly key: string;
  readonly count: number;
}

const isBefore = (one: Ranked, other: Ranked): boolean =>
  one.count > other.count || (one.count === other.count && one.key < other.key);

/** The largest counts first, equal ones in the order of their keys; the empty key is left out. */
export const topOf = (counts: ReadonlyMap<string, number>, most: number): ReadonlyArray<Ranked> => {
  const top: Array<Ranked> = [];
  for (const [key, count] of counts) {
    const last = top[most - 1];
    if (key === "" || (last !== undefined && !isBefore({ key, count }, last))) continue;
    if (last !== undefined) top.pop();
    const one = { key, count };
    const at = top.findIndex((other) => isBefore(one, other));
    top.splice(at === -1 ? top.length : at, 0, one);
  }
  return top;
};
