import type { Random } from "../../../testing/traffic/random.ts";
import { expectedOf } from "../expected-batch.ts";
import {
  type Draw,
  type Generator,
  inPieces,
  pick,
  randomBytes,
  soundRequest,
  within,
} from "../fuzz-case.ts";
import { soundBody } from "../sound-batch.ts";

/** A request with these bytes as its body, and what is to be answered to it. */
export const sendBytes = (draw: Draw, body: Buffer) => ({
  pieces: inPieces(draw.random, soundRequest(draw, { body })),
  expected: expectedOf(body),
});

const flip = (random: Random, body: Buffer): Buffer => {
  for (let n = within(random, 1, 8); n > 0; n--) {
    const at = random.below(body.length);
    body[at] = (body[at] ?? 0) ^ (1 << random.below(8));
  }
  return body;
};

const sliceOf = (random: Random, body: Buffer, most: number): Buffer => {
  const start = random.below(body.length);
  return body.subarray(start, start + within(random, 1, most));
};

const insert = (random: Random, body: Buffer, what: Buffer): Buffer => {
  const at = random.below(body.length + 1);
  return Buffer.concat([body.subarray(0, at), what, body.subarray(at)]);
};

const structural = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  "null",
  "0",
  "-",
  "e",
  "\n",
  "\ufeff",
  "/*",
  "//",
];

/** Bytes that are no UTF-8: overlong forms, halves of a surrogate pair, what is beyond Unicode, stray continuations. */
const brokenText = ["c080", "e08080", "eda080", "edbfbf", "f4908080", "f8888080", "80", "c3", "ff", "fe"];

const random: Generator = (draw) => sendBytes(draw, randomBytes(draw.random, draw.random.below(4096)));

const from =
  (change: (random: Random, body: Buffer) => Buffer): Generator =>
  (draw) =>
    sendBytes(draw, change(draw.random, soundBody(draw)));

export const byteMutations: Readonly<Record<string, Generator>> = {
  random,
  flipped: from(flip),
  cut: from((random, body) => body.subarray(0, random.below(body.length))),
  "beginning lost": from((random, body) => body.subarray(random.below(body.length))),
  repeated: from((random, body) => {
    const part = sliceOf(random, body, 200);
    return insert(random, body, Buffer.concat(Array.from({ length: within(random, 1, 50) }, () => part)));
  }),
  "inserted bytes": from((random, body) => insert(random, body, randomBytes(random, within(random, 1, 16)))),
  "inserted signs": from((random, body) => insert(random, body, Buffer.from(pick(random, structural)))),
  "no UTF-8": from((random, body) => insert(random, body, Buffer.from(pick(random, brokenText), "hex"))),
  "a part lost": from((random, body) => {
    const at = random.below(body.length);
    return Buffer.concat([body.subarray(0, at), body.subarray(at + within(random, 1, 40))]);
  }),
  spliced: (draw) => {
    const [a, b] = [soundBody(draw), soundBody(draw, 100)];
    return sendBytes(
      draw,
      Buffer.concat([a.subarray(0, draw.random.below(a.length)), b.subarray(draw.random.below(b.length))]),
    );
  },
};
