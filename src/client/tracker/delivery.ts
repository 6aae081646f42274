import { endpoint, on, settings } from "./page.ts";
import type { TrackerBatch, TrackerEvent } from "./wire.ts";

// An enum, because the bundler writes its values into the code and drops the names.
enum Limit {
  BatchEvents = 20,
  IntervalMs = 5000,
  WaitingEvents = 500,
  /** Beacons and keepalive requests may carry 64 KiB. */
  BodyBytes = 65_000,
}

let waiting: TrackerEvent[] = [];
let underWay: TrackerEvent[] = [];
let failures = 0;
/** 0 when the last attempt got no answer: then a new page or a returning network may try at once. */
let lastStatus = 0;
let retryAt = 0;

const maySend = () => waiting[0] && Date.now() >= retryAt && !document.prerendering;

/** How many events the last packed body holds, and whether it fits the limit (one event alone may not). */
let packed = 0;
let fits = true;

/** The body for as many waiting events as fit one request, at least one. */
const pack = () => {
  for (packed = waiting.length; ; packed >>= 1) {
    const body = JSON.stringify({
      events: waiting.slice(0, packed),
      api_key: settings.apiKey,
      sent_at: Date.now(),
    } satisfies TrackerBatch);
    fits = new Blob([body]).size < Limit.BodyBytes;
    if (fits || packed < 2) return body;
  }
};

/** Keeps what is unanswered for the tab's next page, or forgets what was kept. */
const keep = (wanted: unknown) => {
  try {
    const events = underWay.concat(waiting);
    if (wanted && events[0]) sessionStorage.footfall = JSON.stringify([lastStatus && retryAt, events]);
    else delete sessionStorage.footfall;
  } catch {}
};

/** Takes over what an earlier or later page of this tab could not send. */
export const restore = (): void => {
  try {
    [retryAt, waiting] = JSON.parse(sessionStorage.footfall ?? "[0,[]]");
  } catch {}
};

/**
 * Posts the queue unless a request is under way or the server asked to wait. No answer, 408, 429 and 5xx put the events
 * back, ids unchanged, and wait for `Retry-After`, else 5 seconds longer each time; every other answer is final.
 */
export const flush = async (): Promise<void> => {
  if (underWay[0] || !maySend()) return;
  const body = pack();
  let wait = 0;
  underWay = waiting.splice(0, packed);
  lastStatus = 0;
  try {
    // A string goes as text/plain: no preflight. More than the limit may not use keepalive at all.
    const answer = await fetch(endpoint, { method: "POST", body, keepalive: fits, credentials: "omit" });
    lastStatus = answer.status;
    wait = +(answer.headers.get("retry-after") as string) * 1000;
    // Its share of the browser's 64 KiB is free again only when the answer has been read.
    await answer.text();
  } catch {}
  if (!lastStatus || lastStatus === 408 || lastStatus === 429 || lastStatus >= 500) {
    waiting = underWay.concat(waiting);
    failures++;
    retryAt = Date.now() + (wait || Limit.IntervalMs * failures);
  } else failures = 0;
  underWay = [];
  keep(failures);
  if (waiting.length >= Limit.BatchEvents) await flush();
};

/** The page may never run again: hand everything to the browser, and keep what it refuses. */
const handOver = () => {
  while (navigator.onLine && maySend() && navigator.sendBeacon?.(endpoint, pack())) waiting.splice(0, packed);
  flush();
  keep(1);
};

/** Queues one event; a full queue (500, after a long outage) keeps the oldest. */
export const enqueue = (event: TrackerEvent): void => {
  if (waiting.length < Limit.WaitingEvents) waiting.push(event);
  // A page's own listener may track the leaving after ours has handed over.
  if (document.hidden) handOver();
  else if (waiting.length >= Limit.BatchEvents) flush();
};

/** Sends from now on. */
export const startDelivery = (): void => {
  restore();
  setInterval(flush, Limit.IntervalMs);
  on("pagehide", handOver);
  // Also when it becomes visible: then there is nothing left to hand over, and no check to pay for.
  on("visibilitychange", handOver);
  on("online", () => {
    if (!lastStatus) retryAt = 0;
    flush();
  });
};
