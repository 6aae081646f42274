import type { Draft } from "../ingest/draft.ts";

/** Only events of so many minutes count: the whole minutes of a reader's picture, the current one included. */
export const WINDOW_MINUTES = 30;

const WINDOW_MS = WINDOW_MINUTES * 60_000;

/** What events of one visitor on one page tell that are alike: where it was, and when. Times are seconds since 1970. */
export class Sighting {
  firstAt: number;
  seenAt: number;
  /** Page views among them, all in one second. */
  views = 0;
  viewedAt = 0;

  constructor(
    readonly site: string,
    readonly visitor: string,
    readonly page: string,
    readonly referrer: string,
    readonly channel: string,
    second: number,
  ) {
    this.firstAt = second;
    this.seenAt = second;
  }
}

/**
 * Gathers who was seen in the events of one request. It makes an object for each row of events that are alike, which is
 * mostly one for a request, since it has to be kept until the events are durable.
 *
 * Bots and events that are older than the window are left out. An event from the future counts as it is received: a clock
 * that runs ahead must not hide who is here now.
 */
export class Sightings {
  readonly list: Array<Sighting> = [];
  readonly #receivedAt: number;
  #last: Sighting | undefined;

  constructor(receivedAt: number) {
    this.#receivedAt = receivedAt;
  }

  /** `isAlike` says that the event agrees with the one that was added before it in all that a sighting holds. */
  add(draft: Draft, isAlike: boolean): void {
    if (!isAlike) this.#last = undefined;
    const at = Math.min(draft.occurredAt, this.#receivedAt);
    if (draft.agent.isBot || at <= this.#receivedAt - WINDOW_MS) return;
    const second = Math.floor(at / 1000);
    const isView = draft.input.event_type === "page_view";
    let last = this.#last;
    if (last === undefined || (isView && last.views > 0 && last.viewedAt !== second)) {
      const { siteId, visitorId, path, referrerDomain, channel } = draft;
      last = new Sighting(siteId, visitorId, path, referrerDomain, channel, second);
      this.#last = last;
      this.list.push(last);
    } else if (second > last.seenAt) last.seenAt = second;
    else if (second < last.firstAt) last.firstAt = second;
    if (!isView) return;
    last.views++;
    last.viewedAt = second;
  }
}
