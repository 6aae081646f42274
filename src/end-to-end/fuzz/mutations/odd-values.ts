import fc from "fast-check";
import type { Random } from "../../../testing/traffic/random.ts";
import { pick, within } from "../fuzz-case.ts";

/** A JSON text that no `JSON.stringify` would write. */
export type Odd = (random: Random) => string;

/** Numbers at the edges of what a double, a date or a column holds. */
const numbers = [
  ...[
    "1e400",
    "-1e400",
    "1e308",
    "5e-324",
    "1e-400",
    "-0",
    "0.1e1",
    "1E+2",
    "9007199254740991",
    "9007199254740993",
  ],
  ...["-9007199254740993", "18446744073709551615", "18446744073709551616", "123456789012345678901234567890"],
  ...[
    "8640000000000000",
    "8640000000000001",
    "-1",
    "0.5",
    "255",
    "256",
    "65535",
    "65536",
    "4294967296",
    "1e21",
  ],
  ...["3.141592653589793238462643383279", `1${"0".repeat(400)}`, `0.${"9".repeat(400)}`],
];

const dates = [
  ...["2026-02-30T00:00:00Z", "2026-13-01", "0000-00-00", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z"],
  ...[
    "+275760-09-13T00:00:00.000Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:00+99:99",
    "2026-01-01T00:00:60Z",
  ],
  ...[
    "20260101",
    "2026-1-1",
    "Thu, 01 Jan 2026 00:00:00 GMT",
    "now",
    "",
    " 2026-01-01 ",
    "2026-01-01T00:00:00.1234567890Z",
  ],
  ...["-000001-01-01T00:00:00Z", "1e3", "1767225600000", "2026-01-01T00:00:00\\u0000Z", "२०२६-०१-०१"],
].map((date) => `"${date}"`);

/** Text that is valid in JSON and cannot be stored, or only changed. */
const unstorable = [
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '"a\\u0000b"',
  '"\\u0000"',
  '"x\\udc00"',
  '"\\ud83d\\ude00\\ud83d"',
  '"\\uFFFF\\uFFFE"',
  '"\\b\\f\\u001b[31m\\u2028\\u2029\\u202e"',
];

/** Strings that a careless pattern takes long to match, some of them long. */
const slow: ReadonlyArray<(length: number) => string> = [
  (length) => "a@".repeat(length),
  (length) => `${"a.".repeat(length)}@`,
  (length) => "1".repeat(length),
  (length) => "1-".repeat(length),
  (length) => "%".repeat(length),
  (length) => "%2".repeat(length),
  (length) => "/".repeat(length),
  (length) => "../".repeat(length),
  (length) => `https://${"a.".repeat(length)}example/`,
  (length) => `https://example.org/?${"utm_source=".repeat(length)}`,
  (length) => `https://example.org/${"a@b.".repeat(length)}?${"&".repeat(length)}`,
  (length) => `https://${"[".repeat(length)}`,
  (length) => `Mozilla/5.0 (${";".repeat(length)})`,
  (length) => `Mozilla/5.0 ${"(".repeat(length)}`,
  (length) => "Mozilla/".repeat(length),
  (length) => `${" ".repeat(length)}x`,
  (length) => "\\t".repeat(length),
  (length) => "é".repeat(length),
  (length) => "🦉".repeat(length),
];

const text = fc.string({ unit: "binary", maxLength: 60 });
const webUrl = fc.webUrl({
  withFragments: true,
  withQueryParameters: true,
  validSchemes: ["http", "https", "ftp"],
});
const anyJson = fc.json({ maxDepth: 4 });

const sample = <T>(arbitrary: fc.Arbitrary<T>, random: Random): T =>
  fc.sample(arbitrary, { numRuns: 1, seed: random.bits() | 0 })[0] as T;

export const anyJsonText: Odd = (random) => sample(anyJson, random);

const nested = (random: Random, depth: number): string => {
  const [open, close] = random.chance(0.5) ? ["[", "]"] : ['{"a":', "}"];
  return `${open.repeat(depth)}0${close.repeat(depth)}`;
};

/** By what they are. */
export const oddValues: Readonly<Record<string, Odd>> = {
  "another type": (random) =>
    pick(random, ["null", "true", "false", "0", '""', "[]", "{}", "[null]", '"x"', "[[]]"]),
  "a number": (random) => pick(random, numbers),
  "a date": (random) => pick(random, dates),
  "text that cannot be stored": (random) => pick(random, unstorable),
  "random text": (random) => JSON.stringify(sample(text, random)),
  "a URL": (random) => JSON.stringify(sample(webUrl, random)),
  "random JSON": anyJsonText,
  "deep nesting": (random) =>
    nested(random, random.chance(0.3) ? within(random, 1000, 20_000) : within(random, 6, 12)),
  "a long string": (random) => `"${"x".repeat(Math.floor(10 ** (1 + random.next() * 4.5)))}"`,
  "a string that is slow to match": (random) =>
    `"${pick(random, slow)(Math.floor(10 ** (1 + random.next() * 2.9)))}"`,
  "many keys": (random) => {
    const count = pick(random, [254, 255, 256, 5000]);
    return `{${Array.from({ length: count }, (_, n) => `"k${n}":${n}`).join(",")}}`;
  },
  "a large object": (random) => {
    const size = within(random, 32_700, 32_800);
    return `{"s":"${"y".repeat(size)}"}`;
  },
};

/** Keys that mean something to a careless program. */
export const oddKeys: ReadonlyArray<string> = [
  ...[
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "toJSON",
    "then",
    "length",
  ],
  ...["", "\\u0000", "\\ud800", "a.b", "$ne", "events", "event_id", "x".repeat(5000), "__defineGetter__"],
];
