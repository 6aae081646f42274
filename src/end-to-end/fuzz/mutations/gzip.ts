import { expectedOf } from "../expected-batch.ts";
import {
  type Draw,
  type Expected,
  type Generator,
  inPieces,
  randomBytes,
  soundRequest,
  within,
} from "../fuzz-case.ts";
import { soundBatch, soundBody } from "../sound-batch.ts";
import { randomJson } from "./json.ts";

const gzip = (bytes: Uint8Array): Buffer => Buffer.from(Bun.gzipSync(new Uint8Array(bytes)));

const sendGzip = (draw: Draw, body: Buffer, expected: Expected) => ({
  pieces: inPieces(
    draw.random,
    soundRequest(draw, { body, headers: draw.random.chance(0.7) ? [["content-encoding", "gzip"]] : [] }),
  ),
  expected,
});

const MIB = 1024 * 1024;

// Made once: 2, 20 and 200 MiB of nothing much.
const bombs = [2, 20, 200].map((size) => gzip(new Uint8Array(size * MIB).fill(0x20)));

/** A batch that is a little too long when it is unpacked. */
const tooLong = (draw: Draw): Buffer => {
  const batch = soundBatch(draw, 1);
  return Buffer.from(JSON.stringify(batch).padEnd(MIB + within(draw.random, 1, 5000), " "));
};

const headerOf = (flags: number): Buffer => Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3]);

/** The same content under a header with a name and a comment, and with a field of `extra` bytes. */
const withFields = (packed: Buffer, extra: Buffer): Buffer => {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(extra.length);
  return Buffer.concat([
    headerOf(0b11100),
    ...[length, extra, Buffer.from("name\0comment\0", "latin1")],
    packed.subarray(10),
  ]);
};

export const gzipMutations: Readonly<Record<string, Generator>> = {
  sound: (draw) => {
    const body = soundBody(draw);
    return sendGzip(draw, gzip(body), expectedOf(body));
  },
  "odd JSON": (draw) => {
    const body = Buffer.from(randomJson(draw));
    return sendGzip(draw, gzip(body), body[0] === 0x1f ? "either" : expectedOf(body));
  },
  cut: (draw) => {
    const packed = gzip(soundBody(draw));
    return sendGzip(draw, packed.subarray(0, within(draw.random, 2, packed.length - 1)), "refused");
  },
  corrupted: (draw) => {
    const packed = gzip(soundBody(draw));
    for (let n = within(draw.random, 1, 6); n > 0; n--) {
      packed[within(draw.random, 2, packed.length - 1)] = draw.random.below(256);
    }
    return sendGzip(draw, packed, "either");
  },
  "only its mark": (draw) =>
    sendGzip(draw, Buffer.concat([headerOf(0).subarray(0, within(draw.random, 2, 10))]), "refused"),
  "random after its mark": (draw) =>
    sendGzip(
      draw,
      Buffer.concat([headerOf(0), randomBytes(draw.random, within(draw.random, 0, 500))]),
      "either",
    ),
  bomb: (draw) => sendGzip(draw, bombs[draw.random.below(bombs.length)] ?? Buffer.alloc(0), "refused"),
  "too long unpacked": (draw) => sendGzip(draw, gzip(tooLong(draw)), "refused"),
  "of gzip": (draw) => sendGzip(draw, gzip(gzip(soundBody(draw))), "refused"),
  "garbage behind": (draw) => {
    const body = soundBody(draw);
    const garbage = randomBytes(draw.random, within(draw.random, 1, 100));
    return sendGzip(draw, Buffer.concat([gzip(body), garbage]), "either");
  },
  // Together they are what `gunzip` makes of them: the one text after the other.
  "of two members": (draw) => {
    const body = soundBody(draw);
    const middle = draw.random.below(body.length);
    const packed = [body.subarray(0, middle), body.subarray(middle)].map(gzip);
    return sendGzip(draw, Buffer.concat(packed), "either");
  },
  "odd header": (draw) => {
    const extra = randomBytes(draw.random, draw.random.below(2000));
    return sendGzip(draw, withFields(gzip(soundBody(draw)), extra), "either");
  },
};
