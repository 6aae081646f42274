import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { serviceForTests } from "../testing/service/in-process.ts";
import { eventsThrough } from "../testing/service/stored-event.ts";

const service = serviceForTests();

const { send, stored } = eventsThrough(service);

const strange = [
  "🦉 é ß 日本語 \u202e\u200b\ufeff",
  "tab\t line\n return\r null? \\0 \\N \\x41 \\",
  "'; DROP TABLE events; -- {a:String} \"`",
  "\u0001\u001f\u007f\u0085\u2028\u2029",
  '["a",{"b":1}]',
  "NULL",
  "\\u0000 \\ud800 as text",
];

describe("text lies in the store as it was sent", () => {
  test.each(strange)("%j", async (text) => {
    const properties = { [text]: text, list: [text, { [text]: [text] }] };
    const row = await stored({ page_title: text, user_id: text, source: text.slice(0, 64), properties });
    expect(row).toMatchObject({ page_title: text, user_id: text, source: text.slice(0, 64) });
    expect(JSON.parse(String(row.properties))).toEqual(properties);
  });
});

describe("properties lie in the store as they were sent", () => {
  test.each([
    [
      "names of JavaScript's own",
      '{"__proto__":{"polluted":true},"constructor":{"prototype":1},"toString":2,"hasOwnProperty":3}',
    ],
    ["a key that stands twice: the last one", '{"a":2}', '{"a":1,"a":2}'],
    [
      "numbers",
      '{"a":9007199254740991,"b":-9007199254740991,"c":0.1,"d":1e-300,"e":123456789.123456,"f":-0.5}',
    ],
    ["flags and nothing", '{"a":true,"b":false,"c":null,"d":"","e":[],"f":{}}'],
    ["eight levels", '{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}'],
    ["lists of lists", '{"a":[[1,[2,[3,"x"]]],[]]}'],
    ["braces, quotes and commas in texts", '{"a":"}{][,:\\"","}":"{"}'],
    ["an empty key", '{"":1}'],
    ["nothing", "{}"],
  ] as ReadonlyArray<readonly [string, string, string?]>)("%s", async (_, expected, sent = expected) => {
    // Written by hand, so that the text arrives as it stands here.
    const id = crypto.randomUUID();
    const body = `{"events":[{"event_type":"raw","event_id":"${id}","properties":${sent}}]}`;
    expect((await service.post(body)).body).toEqual({ accepted: 1, rejected: 0 });
    const rows = await service.rows(`SELECT properties FROM events WHERE event_id = '${id}'`);
    expect(rows).toEqual([{ properties: expected }]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test("any JSON that is taken", async () => {
    const shallow = fc.jsonValue({ maxDepth: 4, stringUnit: "grapheme" });
    const anyProperties = fc.dictionary(fc.string({ unit: "grapheme", maxLength: 20 }), shallow, {
      maxKeys: 8,
    });
    const sent = fc.sample(anyProperties, 400).map((properties) => JSON.parse(JSON.stringify(properties)));
    const { body } = await service.post({
      events: sent.map((properties, n) => ({ event_type: "any", event_id: `any-${n}`, properties })),
    });
    const rejected = new Set(
      (body.errors as ReadonlyArray<{ index: number }> | undefined)?.map(({ index }) => index),
    );
    const rows = await service.rows<{ n: number; properties: string }>(
      "SELECT toUInt32(substring(event_id, 5)) AS n, properties FROM events WHERE event_type = 'any' ORDER BY n",
    );
    expect(rows.map(({ n }) => n)).toEqual(sent.flatMap((_, n) => (rejected.has(n) ? [] : [n])));
    expect(rows.map(({ properties }) => properties)).toEqual(rows.map(({ n }) => JSON.stringify(sent[n])));
  });
});

describe("what cannot be stored as it was sent is answered and not stored", () => {
  const escaped = (value: string) => `{"events":[{"event_type":"hostile",${value}}]}`;
  test.each([
    ["NUL", '"page_title":"a\\u0000b"', "invalid_text"],
    ["NUL in a key", '"properties":{"\\u0000":1}', "invalid_text"],
    ["NUL in a visitor's id", '"visitor_id":"\\u0000"', "invalid_text"],
    ["half a pair", '"site_id":"\\ud83d"', "invalid_text"],
    ["the wrong half first", '"properties":{"a":["\\udc00\\ud800"]}', "invalid_text"],
    ["1e999", '"properties":{"a":1e999}', "number_not_exact"],
    ["1e999 as a time", '"occurred_at":1e999', "invalid_event"],
    ["1e999 as a visitor's id", '"visitor_id":1e999', "invalid_event"],
    ["a 64-bit integer", '"properties":{"a":9223372036854775807}', "number_not_exact"],
    ["a 64-bit integer as a user's id", '"user_id":9223372036854775807', "invalid_event"],
    ["a version of 64 bits", '"event_version":9223372036854775807', "invalid_event"],
    ["properties of the prototype only", '"__proto__":{"a":1},"properties":[]', "invalid_event"],
    ["deep nesting", `"properties":{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`, "properties_too_large"],
  ])("%s", async (_, value, code) => {
    const { status, body } = await service.post(escaped(value));
    expect([status, body]).toEqual([
      200,
      { accepted: 0, rejected: 1, errors: [expect.objectContaining({ index: 0, code })] },
    ]);
    expect(await service.rows("SELECT * FROM events WHERE event_type = 'hostile'")).toEqual([]);
  });

  test("emoji written as escapes are whole pairs, and stored", async () => {
    const body =
      '{"events":[{"event_type":"pair","page_title":"\\ud83e\\udd89","properties":{"a":"\\ud83e\\udd89"}}]}';
    expect((await service.post(body)).body).toEqual({ accepted: 1, rejected: 0 });
    expect(await service.rows("SELECT page_title, properties FROM events WHERE event_type = 'pair'")).toEqual(
      [{ page_title: "🦉", properties: '{"a":"🦉"}' }],
    );
  });
});

describe("time", () => {
  const text = (ms: number) => new Date(ms).toISOString().replace("T", " ").replace("Z", "");

  test("a wrong clock is put right by sent_at, to the millisecond", async () => {
    const wrong = Date.parse("2020-02-29T12:00:00.123Z");
    const { occurred_at, received_at } = await stored(
      { occurred_at: new Date(wrong - 5000).toISOString() },
      {},
      { sent_at: wrong },
    );
    expect(Date.parse(`${received_at}Z`) - Date.parse(`${occurred_at}Z`)).toBe(5000);
  });

  test("the past is kept, the future is not believed, and what is too old is told so", async () => {
    const hourAgo = Date.now() - 3_600_000;
    expect((await stored({ occurred_at: hourAgo })).occurred_at).toBe(text(hourAgo));
    const { occurred_at, received_at } = await stored({ occurred_at: Date.now() + 86_400_000 });
    expect(occurred_at).toBe(received_at);
    expect(await send({ occurred_at: Date.now() - 91 * 86_400_000 })).toMatchObject({
      rejected: 1,
      errors: [{ code: "too_old" }],
    });
  });

  test("an event without an id gets a ULID of its own", async () => {
    await service.post({ events: Array.from({ length: 100 }, () => ({ event_type: "nameless" })) });
    const ids = (
      await service.rows<{ event_id: string }>("SELECT event_id FROM events WHERE event_type = 'nameless'")
    ).map(({ event_id }) => event_id);
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
  });
});
