import { EVENTS_PER_REQUEST } from "./bodies.ts";

const USER_AGENT =
  "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36";

/** A sender that is refused waits so long before it sends the same body again, in milliseconds. */
const REFUSED_WAIT_MS = 250;

export interface LoadResult {
  /** Events answered as accepted. */
  readonly accepted: number;
  /** Answers that asked to come again later. */
  readonly refused: number;
  readonly seconds: number;
  /** Time of an answer in milliseconds, refusals included. */
  readonly p50: number;
  readonly p99: number;
}

/** Sends `events` events over `connections` connections, each sending its next request when the last is answered. */
export const load = async (
  url: string,
  bodies: ReadonlyArray<Uint8Array<ArrayBuffer>>,
  events: number,
  connections = 64,
): Promise<LoadResult> => {
  const requests = Math.ceil(events / EVENTS_PER_REQUEST);
  const times: Array<number> = [];
  let next = 0;
  let accepted = 0;
  let refused = 0;

  const send = async (body: Uint8Array<ArrayBuffer>) => {
    for (;;) {
      const started = performance.now();
      const response = await fetch(url, { method: "POST", body, headers: { "user-agent": USER_AGENT } });
      const answer = (await response.json()) as { readonly accepted?: number };
      times.push(performance.now() - started);
      if (response.status === 200) {
        accepted += answer.accepted ?? 0;
        return;
      }
      if (response.status !== 503) throw new Error(`${url} answered ${response.status}`);
      refused++;
      await Bun.sleep(REFUSED_WAIT_MS);
    }
  };

  const started = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (next < requests) await send(bodies[next++ % bodies.length] as Uint8Array<ArrayBuffer>);
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  times.sort((a, b) => a - b);
  const quantile = (q: number) => times[Math.floor((times.length - 1) * q)] ?? 0;
  return { accepted, refused, seconds, p50: quantile(0.5), p99: quantile(0.99) };
};
