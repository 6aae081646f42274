import { describe, expect, test } from "bun:test";
import { Either } from "effect";
import fc from "fast-check";
import { instantOf, readBatch } from "./batch.ts";

const read = (body: string | Uint8Array) => readBatch(typeof body === "string" ? Buffer.from(body) : body);

const bytes = (...parts: ReadonlyArray<string | number>) =>
  Buffer.concat(parts.map((part) => (typeof part === "number" ? Buffer.from([part]) : Buffer.from(part))));

const malformed: ReadonlyArray<readonly [name: string, body: string | Uint8Array, says: RegExp]> = [
  ["nothing", "", /empty/],
  ["white space", " \n", /not valid JSON/],
  ["half a batch", '{"events":[{"event_type":"a"}', /not valid JSON/],
  ["two batches", '{"events":[{}]}{"events":[{}]}', /not valid JSON/],
  ["a form", "events=1&b=2", /not valid JSON/],
  ["a comment", '{"events":[{}]/**/}', /not valid JSON/],
  ["a trailing comma", '{"events":[{},]}', /not valid JSON/],
  ["NaN", '{"events":[{"a":NaN}]}', /not valid JSON/],
  ["a NUL in a text", bytes('{"events":[{"a":"', 0, '"}]}'), /not valid JSON/],
  ["half a sequence of UTF-8", bytes('{"events":[{"a":"', 0xc3, '"}]}'), /not valid UTF-8/],
  ["an overlong sequence", bytes('{"events":[{"a":"', 0xc0, 0x80, '"}]}'), /not valid UTF-8/],
  ["a surrogate in UTF-8", bytes('{"events":[{"a":"', 0xed, 0xa0, 0x80, '"}]}'), /not valid UTF-8/],
  ["UTF-16", Buffer.from('\ufeff{"events":[{}]}', "utf16le"), /not valid UTF-8/],
  ["a text", '"events"', /object with "events"/],
  ["a number", "5", /object with "events"/],
  ["null", "null", /object with "events"/],
  ["a bare list", '[{"event_type":"a"}]', /object with "events"/],
  ["a bare event", '{"event_type":"a"}', /events must be an array/],
  ["events that are no list", '{"events":{"0":{}}}', /events must be an array/],
  ["events only of the prototype", '{"__proto__":{"events":[{}]}}', /events must be an array/],
  ["no events", '{"events":[]}', /1 to 500 events, not 0/],
  ["501 events", JSON.stringify({ events: Array(501).fill({}) }), /1 to 500 events, not 501/],
  ["a sent_at that is no time", '{"events":[{}],"sent_at":"now"}', /^sent_at must be/],
  ["a sent_at beyond all numbers", '{"events":[{}],"sent_at":1e999}', /^sent_at must be/],
  ["a sent_at that is a flag", '{"events":[{}],"sent_at":true}', /^sent_at must be/],
];

describe("what is no batch is refused as a whole, with a sentence that says why", () => {
  test.each([...malformed])("%s", (_, body, says) => {
    const failure = Either.getOrThrow(Either.flip(read(body)));
    expect(failure._tag).toBe("MalformedBatch");
    expect(failure.message).toMatch(says);
    expect(failure.message).toEndWith(".");
  });
});

describe("what is a batch", () => {
  test.each([
    ["one event", '{"events":[{}]}', 1],
    ["500 events", JSON.stringify({ events: Array(500).fill({}) }), 500],
    ["with a byte order mark", '\ufeff{"events":[{}]}', 1],
    ["with white space around", ' \r\n\t{"events" : [ {} ] }\n', 1],
    ["with fields that nobody knows", '{"api_key":"k","x":1,"events":[{}]}', 1],
    ["with sent_at null", '{"events":[{}],"sent_at":null}', 1],
    ["events that are none: each is looked at on its own", '{"events":[1,null,"a",[]]}', 4],
  ])("%s", (_, body, count) => {
    expect(Either.getOrThrow(read(body)).events).toHaveLength(count);
  });

  test("where a key stands twice the last one counts", () => {
    const body = '{"events":[{"a":1}],"sent_at":5,"events":[{"a":1,"a":2},{}],"sent_at":7}';
    expect(Either.getOrThrow(read(body))).toMatchObject({ events: [{ a: 2 }, {}], sentAt: 7 });
  });

  test("texts that may hold NUL or half a pair are told from those that cannot", () => {
    expect(Either.getOrThrow(read('{"events":["\\u0000"]}')).hasEscapes).toBe(true);
    expect(Either.getOrThrow(read('{"events":["🦉 \\n"]}')).hasEscapes).toBe(false);
  });

  test("nesting of 10,000 levels is read or refused, and harms nothing", () => {
    const deep = (open: string, close: string) =>
      `{"events":[${open.repeat(10_000)}1${close.repeat(10_000)}]}`;
    for (const body of [deep("[", "]"), deep('{"a":', "}")]) {
      const batch = read(body);
      if (Either.isRight(batch)) expect(batch.right.events).toHaveLength(1);
      else expect(batch.left.message).toMatch(/nested too deeply|not valid JSON/);
    }
  });

  test("any bytes are a batch or refused, without a throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (body) => {
        read(body);
      }),
    );
  });
});

const at = Date.parse("2026-11-21T12:34:56.789Z");

describe("times", () => {
  test.each([
    ["2026-11-21T12:34:56.789Z", at],
    ["2026-11-21t12:34:56.789z", at],
    ["2026-11-21 12:34:56.789", at],
    ["2026-11-21T12:34:56.789123456Z", at],
    ["2026-11-21T12:34:56,789Z", at],
    ["2026-11-21T14:34:56.789+02:00", at],
    ["2026-11-21T14:34:56.789+0200", at],
    ["2026-11-21T14:34:56.789+02", at],
    ["2026-11-21T07:04:56.789-05:30", at],
    ["2026-11-21T12:34:56.7Z", at - 89],
    ["2026-11-21T12:34:56Z", at - 789],
    ["2026-11-21T12:34Z", at - 56_789],
    ["2026-11-21", Date.UTC(2026, 10, 21)],
    ["2024-02-29", Date.UTC(2024, 1, 29)],
    [at, at],
    [at + 0.9, at],
    [0, 0],
    [8.64e15, 8.64e15],
  ])("%p is an instant", (value, instant) => {
    expect(instantOf(value)).toBe(instant);
  });

  test.each([
    ["2026-02-29"],
    ["2026-04-31T00:00Z"],
    ["2026-13-01"],
    ["2026-00-10"],
    ["2026-11-21T24:00:01Z"],
    ["2026-11-21T12:60Z"],
    ["2026-11-21T12:34:61Z"],
    ["2026-11-21T12:34:56.789+25:00"],
    ["2026-11-21T12"],
    ["21.11.2026"],
    ["11/21/2026"],
    ["Sat Nov 21 2026"],
    [String(at)],
    [" 2026-11-21"],
    [""],
    [-1],
    [8.64e15 + 1],
    [Number.POSITIVE_INFINITY],
    [Number.NaN],
    [null],
    [{}],
    [true],
  ])("%p is none", (value) => {
    expect(instantOf(value)).toBeUndefined();
  });

  test("every instant is read back from its ISO text", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.parse("9999-12-31T23:59:59.999Z") }), (ms) => {
        expect(instantOf(new Date(ms).toISOString())).toBe(ms);
      }),
    );
  });
});
