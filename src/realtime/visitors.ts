import { ACTIVE_SECONDS } from "./page-views.ts";
import { addTo, Tally } from "./tally.ts";

/** One visitor on one site, as far as a sighting or a stored row tells. Times are seconds since 1970. */
export interface Seen {
  readonly site: string;
  readonly visitor: string;
  readonly page: string;
  readonly referrer: string;
  readonly channel: string;
  readonly firstAt: number;
  readonly seenAt: number;
}

interface PageSeen {
  page: string;
  seenAt: number;
  next: PageSeen | undefined;
}

/** A visitor on a site, without a pause of five minutes. */
interface Stay {
  site: string;
  /** Of its first event. */
  firstAt: number;
  referrer: string;
  channel: string;
  /** Of its last event. */
  seenAt: number;
  country: string;
  pages: PageSeen | undefined;
  next: Stay | undefined;
}

/** A visitor who was on more sites, or on more pages of one, than this is not followed on all of them. */
export const MOST_PER_VISITOR = 50;

/** The last nine digits of a visitor are as good as random: it is a keyed hash. */
export const EVERYBODY = 1_000_000_000;

const sampleOf = (visitor: string): number => {
  let number = 0;
  for (let at = Math.max(0, visitor.length - 9); at < visitor.length; at++) {
    number = number * 10 + visitor.charCodeAt(at) - 48;
  }
  return number;
};

// Long texts weigh more, so that a bound on the weight is one on the memory: some 150 bytes for each unit.
const weightOf = (page: string): number => 1 + (page.length >> 7);

/**
 * Who was seen in one project lately, and where. Only when somebody was last seen is kept, since whoever asks always asks
 * for the last five minutes: events may come in any order and any number of times.
 *
 * Where there are too many, only every second visitor is followed, or every fourth and so on, told by the visitor's
 * number: the same ones on all pages, so that all counts can be estimated from them. The standard error of an estimate is
 * about 1 % where it stands for 10,000 followed visitors, and 10 % where for 100.
 */
export class Visitors {
  readonly #stays = new Map<string, Stay>();
  /** Visitors whose number is below are followed; those below `#counted` have been for five minutes at least. */
  #followed = EVERYBODY;
  #counted = EVERYBODY;
  #raisedAt = 0;
  /** When somebody was last seen whose earlier places had to be forgotten. */
  #cutAt = 0;
  #weight = 0;

  /** Units of memory in use. */
  get weight(): number {
    return this.#weight;
  }

  get size(): number {
    return this.#stays.size;
  }

  /** Visitors are followed if the last nine digits of their number are below this. */
  get followed(): number {
    return this.#followed;
  }

  see(seen: Seen, country: string): void {
    const { visitor, page, firstAt, seenAt } = seen;
    if (this.#followed < EVERYBODY && sampleOf(visitor) >= this.#followed) return;
    const stay = this.#stayOf(seen);
    const isAfter = firstAt - stay.seenAt >= ACTIVE_SECONDS;
    const isBefore = firstAt < stay.firstAt && stay.firstAt - seenAt < ACTIVE_SECONDS;
    if (isAfter || isBefore) {
      stay.firstAt = firstAt;
      stay.referrer = seen.referrer;
      stay.channel = seen.channel;
    }
    if (seenAt >= stay.seenAt) {
      stay.seenAt = seenAt;
      stay.country = country;
    }
    if (page !== "") this.#seePage(stay, page, seenAt);
  }

  /** Says where somebody was besides, of whom `see` was told. */
  seePage({ site, visitor }: Pick<Seen, "site" | "visitor">, page: string, seenAt: number): void {
    let stay = this.#stays.get(visitor);
    while (stay !== undefined && stay.site !== site) stay = stay.next;
    if (stay !== undefined && page !== "") this.#seePage(stay, page, seenAt);
  }

  #stayOf({ site, visitor, referrer, channel, firstAt, seenAt }: Seen): Stay {
    const head = this.#stays.get(visitor);
    let count = 0;
    let oldest = head;
    for (let stay = head; stay !== undefined; stay = stay.next) {
      if (stay.site === site) return stay;
      if (stay.seenAt < (oldest?.seenAt ?? 0)) oldest = stay;
      count++;
    }
    if (oldest !== undefined && count >= MOST_PER_VISITOR) {
      this.#cutAt = Math.max(this.#cutAt, seenAt);
      this.#dropPages(oldest, Number.POSITIVE_INFINITY);
      return Object.assign(oldest, { site, firstAt, referrer, channel, seenAt, country: "" });
    }
    const stay = { site, firstAt, referrer, channel, seenAt, country: "", pages: undefined, next: head };
    this.#stays.set(visitor, stay);
    this.#weight++;
    return stay;
  }

  #seePage(stay: Stay, page: string, seenAt: number): void {
    let count = 0;
    let oldest = stay.pages;
    for (let one = stay.pages; one !== undefined; one = one.next) {
      if (one.page === page) {
        if (seenAt > one.seenAt) one.seenAt = seenAt;
        return;
      }
      if (one.seenAt < (oldest?.seenAt ?? 0)) oldest = one;
      count++;
    }
    this.#weight += weightOf(page);
    if (oldest !== undefined && count >= MOST_PER_VISITOR) {
      this.#cutAt = Math.max(this.#cutAt, seenAt);
      this.#weight -= weightOf(oldest.page);
      oldest.page = page;
      oldest.seenAt = seenAt;
    } else {
      stay.pages = { page, seenAt, next: stay.pages };
    }
  }

  #dropPages(stay: Stay, since: number): void {
    let before: PageSeen | undefined;
    for (let one = stay.pages; one !== undefined; one = one.next) {
      if (one.seenAt > since) {
        before = one;
        continue;
      }
      this.#weight -= weightOf(one.page);
      if (before === undefined) stay.pages = one.next;
      else before.next = one.next;
    }
  }

  /** Forgets all who are not there any more or not followed. */
  sweep(now: number): void {
    const since = now - ACTIVE_SECONDS;
    for (const [visitor, head] of this.#stays) {
      const isFollowed = this.#followed === EVERYBODY || sampleOf(visitor) < this.#followed;
      let kept: Stay | undefined;
      for (let stay: Stay | undefined = head; stay !== undefined; ) {
        const { next }: Stay = stay;
        const isHere = isFollowed && stay.seenAt > since;
        this.#dropPages(stay, isHere ? since : Number.POSITIVE_INFINITY);
        if (isHere) {
          stay.next = kept;
          kept = stay;
        } else this.#weight--;
        stay = next;
      }
      if (kept === undefined) this.#stays.delete(visitor);
      else if (kept !== head) this.#stays.set(visitor, kept);
    }
  }

  /** From now on follows half as many. */
  followFewer(now: number): void {
    this.#followed /= 2;
    this.#counted = Math.min(this.#counted, this.#followed);
    this.sweep(now);
  }

  /** From now on follows nobody else. */
  followBelow(limit: number, now: number): void {
    while (this.#followed > limit) this.followFewer(now);
  }

  /** From now on follows twice as many, if it does not follow everybody; they count in five minutes. */
  followMore(now: number): void {
    if (this.#followed === EVERYBODY || now - this.#raisedAt < ACTIVE_SECONDS) return;
    this.#counted = this.#followed;
    this.#followed = Math.min(EVERYBODY, this.#followed * 2);
    this.#raisedAt = now;
  }

  /** Counts who is there now, on these sites only if some are named. */
  tally(now: number, sites: ReadonlySet<string> | undefined): Tally {
    if (now - this.#raisedAt >= ACTIVE_SECONDS) this.#counted = this.#followed;
    const factor = EVERYBODY / this.#counted;
    const tally = new Tally(factor, factor === 1 && now - this.#cutAt >= ACTIVE_SECONDS);
    const since = now - ACTIVE_SECONDS;
    const isHere = (stay: Stay) => stay.seenAt > since && (sites === undefined || sites.has(stay.site));
    for (const [visitor, head] of this.#stays) {
      if (this.#counted < this.#followed && sampleOf(visitor) >= this.#counted) continue;
      if (head.next !== undefined) tallySeveral(tally, head, isHere, since);
      else if (isHere(head)) {
        tally.visitors++;
        addTo(tally.countries, head.country);
        addTo(tally.referrersOf(head.channel), head.referrer);
        for (let one = head.pages; one !== undefined; one = one.next) {
          if (one.seenAt > since) addTo(tally.pages, one.page);
        }
      }
    }
    return tally;
  }
}

/** Of a visitor on several sites everything counts once. */
const tallySeveral = (tally: Tally, head: Stay, isHere: (stay: Stay) => boolean, since: number): void => {
  const countries = new Set<string>();
  const pages = new Set<string>();
  const sources = new Map<string, Stay>();
  for (let stay: Stay | undefined = head; stay !== undefined; stay = stay.next) {
    if (!isHere(stay)) continue;
    countries.add(stay.country);
    sources.set(`${stay.channel} ${stay.referrer}`, stay);
    for (let one = stay.pages; one !== undefined; one = one.next) if (one.seenAt > since) pages.add(one.page);
  }
  if (sources.size === 0) return;
  tally.visitors++;
  for (const country of countries) addTo(tally.countries, country);
  for (const page of pages) addTo(tally.pages, page);
  for (const { channel, referrer } of sources.values()) addTo(tally.referrersOf(channel), referrer);
};
