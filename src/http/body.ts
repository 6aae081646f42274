import { gunzipSync } from "node:zlib";
import { Effect } from "effect";
import { BodyTooLarge, MalformedBatch } from "../domain/errors.ts";

const tooLarge = (limitBytes: number) => new BodyTooLarge({ limitBytes });

// Read as it comes and given up as soon as it is too long, whatever its length header claims.
const readStream = async (stream: ReadableStream<Uint8Array>, limitBytes: number): Promise<Uint8Array> => {
  const parts: Array<Uint8Array> = [];
  let length = 0;
  for await (const part of stream) {
    length += part.length;
    if (length > limitBytes) throw tooLarge(limitBytes);
    parts.push(part);
  }
  return Buffer.concat(parts, length);
};

const GZIP_MAGIC = [0x1f, 0x8b] as const;

// Told from the bytes, because senders label gzip as JSON or as a form. JSON never starts like this.
const isGzip = (bytes: Uint8Array) => bytes[0] === GZIP_MAGIC[0] && bytes[1] === GZIP_MAGIC[1];

const unpack = (bytes: Uint8Array, limitBytes: number) =>
  Effect.try({
    try: () => gunzipSync(bytes, { maxOutputLength: limitBytes }),
    catch: (error) =>
      error instanceof RangeError || (error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE"
        ? tooLarge(limitBytes)
        : new MalformedBatch({ message: "The body is not valid gzip." }),
  });

/** The body of a request, unpacked if it is gzip; at most `limitBytes` bytes before and after. */
export const readBody = (
  request: Request,
  limitBytes: number,
): Effect.Effect<Uint8Array, BodyTooLarge | MalformedBatch> =>
  Effect.suspend(() => {
    const declared = Number(request.headers.get("content-length") ?? Number.NaN);
    if (declared > limitBytes) return tooLarge(limitBytes);
    const read = Effect.tryPromise({
      try: async () =>
        Number.isNaN(declared) && request.body !== null
          ? await readStream(request.body, limitBytes)
          : new Uint8Array(await request.arrayBuffer()),
      catch: (error) =>
        error instanceof BodyTooLarge ? error : new MalformedBatch({ message: "The body broke off." }),
    });
    return Effect.flatMap(read, (bytes) => {
      if (bytes.length > limitBytes) return tooLarge(limitBytes);
      return isGzip(bytes) ? unpack(bytes, limitBytes) : Effect.succeed(bytes);
    });
  });
