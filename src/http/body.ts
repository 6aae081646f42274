import { gunzipSync } from "node:zlib";
import { BodyTooLarge, MalformedBatch } from "../domain/errors.ts";

// Read as it comes and given up as soon as it is too long, whatever its length header claims.
const readStream = async (stream: ReadableStream<Uint8Array>, limitBytes: number): Promise<Uint8Array> => {
  const parts: Array<Uint8Array> = [];
  let length = 0;
  for await (const part of stream) {
    length += part.length;
    if (length > limitBytes) throw new BodyTooLarge({ limitBytes });
    parts.push(part);
  }
  return Buffer.concat(parts, length);
};

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

/**
 * The body of a request, unpacked if it is gzip; at most `limitBytes` bytes before and after. A plain promise that does
 * not reject: it is on the path of every batch, where an effect would only wrap it.
 */
export const readBody = async (
  request: Request,
  limitBytes: number,
): Promise<Uint8Array | BodyTooLarge | MalformedBatch> => {
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > limitBytes) return new BodyTooLarge({ limitBytes });
  let bytes: Uint8Array;
  try {
    bytes =
      declared === null && request.body !== null
        ? await readStream(request.body, limitBytes)
        : await request.bytes();
  } catch (error) {
    return error instanceof BodyTooLarge ? error : new MalformedBatch({ message: "The body broke off." });
  }
  if (bytes.length > limitBytes) return new BodyTooLarge({ limitBytes });
  return isGzip(bytes) ? unpack(bytes, limitBytes) : bytes;
};
