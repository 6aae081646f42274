import { Wire } from "../wire.ts";

export interface CrowdOptions {
  readonly url: string;
  readonly connections: number;
  readonly eventsPerRequest: number;
  /** From one moment at which all of them send to the next. */
  readonly intervalMs: number;
  readonly forMs: number;
  /** Begins the id of every event. */
  readonly prefix: string;
}

export interface CrowdReport {
  /** Ids of the events that were answered as accepted. */
  readonly accepted: ReadonlyArray<string>;
  /** Answers by status, and by the `code` of a problem. */
  readonly answers: Readonly<Record<string, number>>;
  /** How long each refusal took from the moment when its request was due, in milliseconds, ascending. */
  readonly refusalMs: ReadonlyArray<number>;
  /** Refusals that did not say when to come again. */
  readonly withoutRetryAfter: number;
  /** Connections that the service closed, and requests that it did not answer. */
  readonly broken: number;
}

const ANSWER_DEADLINE_MS = 10_000;

const pageView = (id: string) =>
  `{"event_type":"page_view","event_id":"${id}","page_url":"https://example.org/post/","visitor_id":"v"}`;

/**
 * Many senders in step, whose requests come by the clock, whatever the answers say. A sender that is still waiting when its
 * next request is due sends it late, and the time counts all the same.
 */
export const crowd = async (options: CrowdOptions): Promise<CrowdReport> => {
  const url = new URL(options.url);
  const accepted: Array<string> = [];
  const answers: Record<string, number> = {};
  const refusalMs: Array<number> = [];
  let withoutRetryAfter = 0;
  let broken = 0;
  let sent = 0;
  const wires = await Promise.all(Array.from({ length: options.connections }, () => Wire.open(url)));

  const head = `POST /v1/events HTTP/1.1\r\nhost: ${url.host}\r\n`;
  const startedAt = performance.now() + options.intervalMs;

  await Promise.all(
    wires.map(async (wire) => {
      for (let sinceStart = 0; sinceStart < options.forMs; sinceStart += options.intervalMs) {
        const ids = Array.from({ length: options.eventsPerRequest }, () => `${options.prefix}-${sent++}`);
        const body = `{"events":[${ids.map(pageView).join(",")}]}`;
        const request = Buffer.from(`${head}content-length: ${body.length}\r\n\r\n${body}`);
        const due = startedAt + sinceStart;
        const early = due - performance.now();
        if (early > 0) await Bun.sleep(early);
        // A timer may end a little early.
        const since = Math.min(due, performance.now());
        wire.write(request);
        const answer = await wire.answer(ANSWER_DEADLINE_MS);
        if (typeof answer === "string") {
          broken++;
          break;
        }
        const { status, headers, at } = answer;
        const code = /"code":"(\w+)"/.exec(answer.body)?.[1];
        const name = code === undefined ? String(status) : `${status} ${code}`;
        answers[name] = (answers[name] ?? 0) + 1;
        if (status === 200) accepted.push(...ids);
        else {
          refusalMs.push(at - since);
          if (!(Number(headers.get("retry-after")) > 0)) withoutRetryAfter++;
        }
      }
      wire.close();
    }),
  );
  refusalMs.sort((a, b) => a - b);
  return { accepted, answers, refusalMs, withoutRetryAfter, broken };
};

/** A quantile of ascending numbers; 0 of none. */
export const quantile = (ascending: ReadonlyArray<number>, q: number): number =>
  ascending[Math.floor((ascending.length - 1) * q)] ?? 0;
