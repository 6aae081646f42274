import type { Random } from "../../testing/traffic/random.ts";

/** What generators draw from and build with. */
export interface Draw {
  readonly random: Random;
  /** The marker of the case's event with that index; every event has one, however it is changed later. */
  readonly marker: (index: number) => string;
  /** The clock of the run, epoch ms. */
  readonly now: number;
}

/**
 * What the service may answer.
 *
 * - a number: the batch has so many events, each of which is accepted or rejected
 * - `refused`: it is not a batch, so none of it is taken
 * - `either`: one of both
 * - `anything`: the request itself is broken; a client error, or the end of the connection
 */
export type Expected = number | "refused" | "either" | "anything";

export interface FuzzRequest {
  /** The whole request as it goes over the wire, in the pieces in which it is sent. */
  readonly pieces: ReadonlyArray<Uint8Array>;
  readonly expected: Expected;
  /** Closes the connection when all is said and does not wait for an answer: what became of it stays open. */
  readonly hangsUp?: boolean;
}

export interface FuzzCase extends FuzzRequest {
  readonly number: number;
  /** The case that its events name: its own number, or that of the one that it sends again. */
  readonly marks: number;
  /** What was done to it, such as `gzip: cut`. */
  readonly kind: string;
}

export type Generator = (draw: Draw) => FuzzRequest;

/** A header as it is written, whatever it holds; one character is one byte. */
export type Headers = ReadonlyArray<readonly [name: string, value: string]>;

/** One of several. */
export const pick = <T>(random: Random, from: ReadonlyArray<T>): T => from[random.below(from.length)] as T;

/** From `low` to `high`, both inclusive. */
export const within = (random: Random, low: number, high: number): number =>
  low + random.below(high - low + 1);

export const randomBytes = (random: Random, length: number): Buffer => {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = random.bits() & 255;
  return bytes;
};

/** Bytes that may stand in a header: all but control characters. */
export const headerText = (random: Random, length: number): string =>
  Array.from(randomBytes(random, length), (byte) =>
    byte < 0x21 || byte === 0x7f ? "x" : String.fromCharCode(byte),
  ).join("");

export interface HttpParts {
  readonly first?: string;
  readonly headers?: Headers;
  readonly body: Uint8Array;
}

/** The bytes of a request; the headers have to say how long the body is. */
export const rawRequest = ({ first = "POST /v1/events HTTP/1.1", headers = [], body }: HttpParts): Buffer => {
  const head = [first, "host: localhost", ...headers.map(([name, value]) => `${name}: ${value}`), "", ""];
  return Buffer.concat([Buffer.from(head.join("\r\n"), "latin1"), body]);
};

/** A request whose head says the truth about its body, and names the case in its origin. */
export const soundRequest = ({ marker }: Draw, { headers = [], ...parts }: HttpParts): Buffer =>
  rawRequest({
    ...parts,
    headers: [
      ["origin", `https://${marker(0)}.example`],
      ...headers,
      ["content-length", String(parts.body.length)],
    ],
  });

/** Most requests come in one piece, some in several. */
export const inPieces = (random: Random, request: Buffer): ReadonlyArray<Uint8Array> => {
  if (!random.chance(0.1)) return [request];
  const cuts = Array.from({ length: within(random, 1, 4) }, () => random.below(request.length)).sort(
    (a, b) => a - b,
  );
  return [0, ...cuts].map((start, index) => request.subarray(start, cuts[index] ?? request.length));
};
