import { EVENTS_PER_REQUEST } from "./bodies.ts";
import { type Connection, encodeRequest, openConnection } from "./connection.ts";

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

const ID = Buffer.from('"event_id":"');

/** Hexadecimal digits of an id that are written anew for every request. */
const STAMP_DIGITS = 8;

interface Template {
  readonly request: Uint8Array;
  /** Where the ids of its events begin. */
  readonly ids: ReadonlyArray<number>;
}

const templateOf = (request: Uint8Array): Template => {
  const bytes = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
  const ids: Array<number> = [];
  for (let at = bytes.indexOf(ID); at !== -1; at = bytes.indexOf(ID, at + 1)) ids.push(at + ID.length);
  return { request, ids };
};

let stamp = Math.floor(Math.random() * 0x4000_0000);

/** Every event that is sent is another one: the same again would be a duplicate, which costs nothing to store. */
const stampIds = ({ request, ids }: Template): Uint8Array => {
  for (const start of ids) {
    let rest = stamp++;
    for (let at = start + STAMP_DIGITS - 1; at >= start; at--, rest >>>= 4) {
      const digit = rest & 15;
      request[at] = digit < 10 ? 48 + digit : 87 + digit;
    }
  }
  return request;
};

export interface LoadOptions {
  readonly events: number;
  /** Events that are sent each second, evenly; as fast as they are answered by default. */
  readonly perSecond?: number;
  readonly connections?: number;
  /** Headers besides those of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** While it says true nothing more is sent. */
  readonly isHeld?: () => boolean;
}

/** Senders that are held look again after so long, in milliseconds. */
const HELD_WAIT_MS = 5;

/**
 * Sends events over several connections, each sending its next request when the last is answered and its turn has come.
 * The time of an answer counts from that turn, so that a slow answer is not hidden by what it holds back.
 */
export const load = async (
  url: string,
  bodies: ReadonlyArray<Uint8Array<ArrayBuffer>>,
  {
    events,
    perSecond = Number.POSITIVE_INFINITY,
    connections = 256,
    headers = {},
    isHeld = () => false,
  }: LoadOptions,
): Promise<LoadResult> => {
  const address = new URL(url);
  const templates = bodies.map((body) =>
    templateOf(encodeRequest(address, body, { "user-agent": USER_AGENT, ...headers })),
  );
  const opened = await Promise.all(Array.from({ length: connections }, () => openConnection(address)));
  const requests = Math.ceil(events / EVENTS_PER_REQUEST);
  const times: Array<number> = [];
  let next = 0;
  let accepted = 0;
  let refused = 0;

  const send = async (connection: Connection, request: Uint8Array, due: number) => {
    for (let started = due; ; started = performance.now()) {
      const { status, body } = await connection.send(request);
      times.push(performance.now() - started);
      if (status === 200) {
        accepted += Number(/"accepted":(\d+)/.exec(body)?.[1] ?? 0);
        return;
      }
      if (status !== 503) throw new Error(`${url} answered ${status}: ${body}`);
      refused++;
      await Bun.sleep(REFUSED_WAIT_MS);
    }
  };

  const started = performance.now();
  await Promise.all(
    opened.map(async (connection) => {
      while (next < requests) {
        if (isHeld()) {
          await Bun.sleep(HELD_WAIT_MS);
          continue;
        }
        const turn = next++;
        const due = started + (turn * EVENTS_PER_REQUEST * 1000) / perSecond;
        const wait = due - performance.now();
        if (wait > 0) await Bun.sleep(wait);
        const sentAt = Number.isFinite(perSecond) ? due : performance.now();
        await send(connection, stampIds(templates[turn % templates.length] as Template), sentAt);
      }
      connection.close();
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  times.sort((a, b) => a - b);
  const quantile = (q: number) => times[Math.floor((times.length - 1) * q)] ?? 0;
  return { accepted, refused, seconds, p50: quantile(0.5), p99: quantile(0.99) };
};
