import type { Random } from "../../../testing/traffic/random.ts";
import { expectedOf } from "../expected-batch.ts";
import {
  type Generator,
  type Headers,
  headerText,
  inPieces,
  pick,
  rawRequest,
  soundRequest,
  within,
} from "../fuzz-case.ts";
import { soundBody } from "../sound-batch.ts";

const types = [
  ...[
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "image/png",
  ],
  ...[
    "application/json; charset=utf-16",
    "multipart/form-data; boundary=",
    'text/plain;charset="',
    "",
    "x",
    "\xff/\xfe",
  ],
];
const encodings = [
  "gzip",
  "br",
  "deflate",
  "zstd",
  "identity",
  "gzip, gzip",
  "chunked",
  "*",
  "GZIP;q=0",
  "",
  "\xe9",
];

/** A sound batch under these headers. */
const underHeaders =
  (headersOf: (random: Random) => Headers): Generator =>
  (draw) => {
    const body = soundBody(draw);
    const request = soundRequest(draw, { body, headers: headersOf(draw.random) });
    return { pieces: inPieces(draw.random, request), expected: expectedOf(body) };
  };

const addresses = [
  ...[
    "203.0.113.9",
    "::1",
    "[2001:db8::1]:443",
    "999.1.1.1",
    "1.2.3.4, 5.6.7.8, 9",
    "unknown",
    'for="[::1"',
    "::ffff:1.2.3.4",
  ],
  ...[
    ",,,,",
    "for=203.0.113.9;proto=https;by=x",
    "127.0.0.1",
    `${"1.1.1.1,".repeat(300)}2.2.2.2`,
    "%00",
    "0x7f.1",
    "fe80::1%eth0",
  ],
];
const origins = [
  "null",
  "https://",
  "https://[::1",
  "javascript:alert(1)",
  "file:///",
  "https://ünï.example",
  "//",
  "*",
  "https://a.b:99999",
];

const odd = (random: Random, known: ReadonlyArray<string>): string =>
  random.chance(0.5) ? pick(random, known) : headerText(random, within(random, 0, 300));

const senderHeaders = (random: Random): Headers => [
  [
    "user-agent",
    odd(random, [
      "",
      "-",
      "curl/8",
      `Mozilla/5.0 ${"(".repeat(1000)}`,
      "\xff\xfe",
      "$\u007bjndi:ldap://x}",
      "'; DROP TABLE events --",
    ]),
  ],
  [pick(random, ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip"]), odd(random, addresses)],
  ["x-forwarded-for", odd(random, addresses)],
  ["referer", odd(random, origins)],
  [headerText(random, 8).replace(/[^a-z]/gi, "h"), headerText(random, within(random, 0, 100))],
];

/** Sound batches in requests whose framing is sound, with headers that say odd things of their sender and content. */
export const headerMutations: Readonly<Record<string, Generator>> = {
  "content type": underHeaders((random) => [["content-type", pick(random, types)]]),
  "content encoding": underHeaders((random) => [["content-encoding", pick(random, encodings)]]),
  "sender's headers": underHeaders(senderHeaders),
  origin: (draw) => {
    const body = soundBody(draw);
    const headers: Headers = [
      ["origin", odd(draw.random, origins)],
      ["content-length", String(body.length)],
    ];
    return { pieces: inPieces(draw.random, rawRequest({ body, headers })), expected: expectedOf(body) };
  },
  "expect 100": underHeaders(() => [["expect", "100-continue"]]),
};
