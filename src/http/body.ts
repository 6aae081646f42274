import { gunzipSync } from "node:zlib";
import { BodyTooLarge, type IntakeFull, MalformedBatch, type RequestTimeout } from "../domain/errors.ts";
import type { ArrivalLimits, Arrivals } from "./arrivals.ts";

/**
 * The largest body has its time at 560 kbit/s, a usual one on any network. The deadline comes before the one at which Bun
 * closes a connection that waits for its answer, so that the sender is told.
 */
export const bodyArrivals: ArrivalLimits = { deadlineMs: 15_000, maxBytes: 256 * 1024 * 1024 };

/**
 * A body that announces no more is read in one piece, which is the fastest, and counts as a whole from the beginning;
 * a longer one counts as it comes, so that announcing much costs a sender as much as sending it.
 */
const ONE_PIECE_BYTES = 64 * 1024;

// At once, because slow senders leave much behind, and then there may be nothing to do that would make it be collected.
const release = ({ buffer, byteLength }: Uint8Array): void => {
  // Only what is not shared with anything else.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
};

// Read as it comes and given up as soon as it is too long, whatever its length header claims.
const readStream = async (
  stream: ReadableStream<Uint8Array>,
  limitBytes: number,
  added: (bytes: number) => void,
): Promise<Uint8Array> => {
  const parts: Array<Uint8Array> = [];
  let length = 0;
  try {
    for await (const part of stream) {
      length += part.length;
      added(part.length);
      if (length > limitBytes) throw new BodyTooLarge({ limitBytes });
      parts.push(part);
    }
    return Buffer.concat(parts, length);
  } finally {
    for (const part of parts) release(part);
  }
};

const noBytes = Promise.resolve(new Uint8Array());

const GZIP_MAGIC = [0x1f, 0x8b] as const;

// Told from the bytes, because senders label gzip as JSON or as a form. JSON never starts like this.
const isGzip = (bytes: Uint8Array) => bytes[0] === GZIP_MAGIC[0] && bytes[1] === GZIP_MAGIC[1];

const unpack = (bytes: Uint8Array, limitBytes: number): Uint8Array | BodyTooLarge | MalformedBatch => {
  try {
    return gunzipSync(bytes, { maxOutputLength: limitBytes });
  } catch (error) {
    return error instanceof RangeError
      ? new BodyTooLarge({ limitBytes })
      : new MalformedBatch({ message: "The body is not valid gzip." });
  }
};

/** Why a body was not read to its end. */
export type BodyFailure = BodyTooLarge | IntakeFull | MalformedBatch | RequestTimeout;

/**
 * The body of a request, unpacked if it is gzip; at most `limitBytes` bytes before and after, and in the time that
 * `arrivals` gives it. A plain promise that does not reject: it is on the path of every batch, where an effect would only
 * wrap it.
 */
export const readBody = async (
  request: Request,
  limitBytes: number,
  arrivals: Arrivals,
): Promise<Uint8Array | BodyFailure> => {
  const declared = request.headers.get("content-length");
  const announced = declared === null ? undefined : Number(declared) || 0;
  if (announced !== undefined && announced > limitBytes) return new BodyTooLarge({ limitBytes });
  const readAll = (added: (bytes: number) => void) => {
    if (announced !== undefined && announced <= ONE_PIECE_BYTES) {
      added(announced);
      return request.bytes();
    }
    return request.body === null ? noBytes : readStream(request.body, limitBytes, added);
  };
  let bytes: Uint8Array | RequestTimeout | IntakeFull;
  try {
    bytes = await arrivals.wait(readAll);
  } catch (error) {
    return error instanceof BodyTooLarge ? error : new MalformedBatch({ message: "The body broke off." });
  }
  if (bytes instanceof Error) return bytes;
  if (bytes.length > limitBytes) return new BodyTooLarge({ limitBytes });
  return isGzip(bytes) ? unpack(bytes, limitBytes) : bytes;
};
