import type { Random } from "../../../testing/traffic/random.ts";
import { expectedOf } from "../expected-batch.ts";
import {
  type Draw,
  type Expected,
  type Generator,
  headerText,
  inPieces,
  pick,
  randomBytes,
  rawRequest,
  soundRequest,
  within,
} from "../fuzz-case.ts";
import { soundBody } from "../sound-batch.ts";

/** A sound batch in a request that is not sound. */
const broken =
  (make: (draw: Draw, body: Buffer) => Buffer, hangsUp = false): Generator =>
  (draw) => {
    const request = make(draw, soundBody(draw));
    return { pieces: inPieces(draw.random, request), expected: "anything", hangsUp };
  };

const withLength = (body: Buffer, ...lengths: ReadonlyArray<string>): Buffer =>
  rawRequest({ body, headers: lengths.map((length) => ["content-length", length] as const) });

const brokenHeaders = [
  ...[
    "no colon at all",
    ": no name",
    "a b: c",
    "x: a\0b",
    "x: a\rb",
    " folded: x",
    "x\x01: y",
    "content-length : 5",
    "\xff\xff",
  ],
  ...[
    "transfer-encoding: gzip",
    "transfer-encoding: chunked, identity",
    "host: a\r\nhost: b",
    "connection: upgrade\r\nupgrade: websocket",
  ],
];

const chunksOf = (random: Random, body: Buffer, extension: string): Buffer => {
  const parts: Array<Buffer> = [];
  for (let at = 0; at < body.length; ) {
    const chunk = body.subarray(at, at + within(random, 1, 400));
    at += chunk.length;
    parts.push(Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`), chunk, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
};

const chunked = (draw: Draw, chunks: Buffer, end: string): Buffer =>
  rawRequest({
    headers: [
      ["origin", `https://${draw.marker(0)}.example`],
      ["transfer-encoding", "chunked"],
    ],
    body: Buffer.concat([chunks, Buffer.from(end)]),
  });

const inChunks: Generator = (draw) => {
  const body = soundBody(draw);
  const chunks = chunksOf(draw.random, body, draw.random.chance(0.3) ? ";x=y" : "");
  return { pieces: inPieces(draw.random, chunked(draw, chunks, "0\r\n\r\n")), expected: expectedOf(body) };
};

const brokenEnds = [
  "0\r\n",
  "zz\r\nabc\r\n",
  "-1\r\n\r\n",
  "ffffffffffffffffff\r\n",
  "5\r\nabc",
  "\r\n\r\n",
  "0\r\nTrailer: x\r\n\r\n",
  "0;\r\n\r\n",
];

const elsewhere = [
  "/v1/events/",
  "/v1/events?x=1",
  "//v1/events",
  "/v1/events%00",
  "/V1/EVENTS",
  "/v1/events#x",
  "/v1/%65vents",
  "*",
  "http://[::1/v1/events",
  "/v1/events\xff",
];
const methods = [
  "GET",
  "PUT",
  "DELETE",
  "PATCH",
  "OPTIONS",
  "TRACE",
  "CONNECT",
  "post",
  "P OST",
  "X".repeat(100),
  "\xff",
];

const firstLine = (random: Random): string =>
  pick(random, [
    `POST ${pick(random, elsewhere)} HTTP/1.1`,
    `${pick(random, methods)} /v1/events HTTP/1.1`,
    `POST /v1/events HTTP/${pick(random, ["1.0", "0.9", "2.0", "1.11", "x", ""])}`,
    headerText(random, 40),
  ]);

// Bun closes a connection on which a request comes while another waits for its answer; nothing says who was taken.
const two: Generator = (draw) => {
  const bodies = [soundBody(draw), soundBody(draw, 100)];
  const requests = bodies.map((body) => soundRequest(draw, { body }));
  return { pieces: inPieces(draw.random, Buffer.concat(requests)), expected: "anything" };
};

const asIs =
  (expected: Expected, make: (draw: Draw, body: Buffer) => Buffer): Generator =>
  (draw) => ({
    pieces: inPieces(draw.random, make(draw, soundBody(draw))),
    expected,
  });

/** Requests whose first line, length, chunks or end are not the usual ones, or that are no HTTP. */
export const framingMutations: Readonly<Record<string, Generator>> = {
  "in chunks": inChunks,
  "two at once": two,
  "no length": broken((_, body) => rawRequest({ body })),
  "length too short": broken(({ random }, body) => withLength(body, String(random.below(body.length)))),
  "length too long, then the end": broken(
    ({ random }, body) => withLength(body, String(body.length + within(random, 1, 9000))),
    true,
  ),
  "length that is none": broken(({ random }, body) =>
    withLength(
      body,
      pick(random, ["abc", "-1", "+5", "1e3", "0x10", "", "99999999999999999999", "1,1", "1 1", "\xb2"]),
    ),
  ),
  "two lengths": broken((_, body) => withLength(body, String(body.length), String(body.length + 1))),
  "length of 200 MB": broken((_, body) => withLength(body, "200000000"), true),
  "length and chunks": broken((_, body) =>
    rawRequest({
      body,
      headers: [
        ["content-length", String(body.length)],
        ["transfer-encoding", "chunked"],
      ],
    }),
  ),
  "broken chunks": broken(
    (draw, body) => chunked(draw, chunksOf(draw.random, body, ""), pick(draw.random, brokenEnds)),
    true,
  ),
  "broken header": broken(({ random }, body) => {
    const [head = "", ...rest] = withLength(body, String(body.length)).toString("latin1").split("\r\n");
    return Buffer.from([head, pick(random, brokenHeaders), ...rest].join("\r\n"), "latin1");
  }),
  "large headers": broken(({ random }, body) =>
    rawRequest({
      body,
      headers: [
        ["content-length", String(body.length)],
        ...Array.from(
          { length: within(random, 1, 300) },
          (_, n) => [`x-${n}`, "v".repeat(random.below(400))] as const,
        ),
      ],
    }),
  ),
  "first line": broken(({ random }, body) =>
    rawRequest({ first: firstLine(random), body, headers: [["content-length", String(body.length)]] }),
  ),
  "no HTTP": broken(({ random }) => randomBytes(random, within(random, 1, 3000)), true),
  "the end in the middle": (draw) => {
    const request = soundRequest(draw, { body: soundBody(draw) });
    return {
      pieces: [request.subarray(0, draw.random.below(request.length))],
      expected: "anything",
      hangsUp: true,
    };
  },
  "the end before the answer": (draw) => ({
    pieces: [soundRequest(draw, { body: soundBody(draw) })],
    expected: "anything",
    hangsUp: true,
  }),
  "a body of another route": asIs("anything", (draw, body) =>
    soundRequest(draw, {
      first: `POST ${pick(draw.random, ["/health", "/v1/stats/widgets", "/", "/analytics.js"])} HTTP/1.1`,
      body,
    }),
  ),
};
