import { expect, test } from "bun:test";
import { limits } from "../../domain/event.ts";
import { draftOf, nested, testContext } from "../../testing/service/ingest-context.ts";
import { dropUnstorableText, putProperties } from "./properties.ts";

const put = (properties: object | null | undefined) => {
  const draft = draftOf(properties === undefined ? {} : { properties });
  return { draft, drop: putProperties(draft, testContext()) };
};

const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]));

/** Properties whose JSON has exactly so many bytes. */
const bytes = (count: number, unit = "x") => {
  const empty = '{"s":""}'.length;
  const size = Buffer.byteLength(JSON.stringify(unit)) - 2;
  const units = Math.floor((count - empty) / size);
  return { s: unit.repeat(units) + "x".repeat(count - empty - units * size) };
};

const taken: ReadonlyArray<readonly [name: string, properties: object]> = [
  ["255 keys", keys(limits.propertiesKeys)],
  ["255 keys over several levels", { ...keys(limits.propertiesKeys - 2), in: { a: 1 } }],
  ["8 levels", nested(limits.propertiesDepth)],
  ["8 levels of lists", { a: [[[[[[[]]]]]]] }],
  ["32 KiB", bytes(limits.propertiesBytes)],
  ["32 KiB of characters of three bytes", bytes(limits.propertiesBytes, "€")],
  ["32 KiB of pairs of surrogates", bytes(limits.propertiesBytes, "🦉")],
  ["32 KiB of escapes", bytes(limits.propertiesBytes, "\u0001")],
  ["a long list of small numbers", { list: Array.from({ length: 16_000 }, () => 1) }],
  ["the largest exact numbers", { a: Number.MAX_SAFE_INTEGER, b: -Number.MAX_SAFE_INTEGER }],
  ["fractions and small numbers", { a: 0.1, b: 1e-300, c: -0.5, d: 5e-324 }],
];

test.each([...taken])("%s fit", (_, properties) => {
  const { draft, drop } = put(properties);
  expect(drop).toBeUndefined();
  expect(draft.properties).toEqual(properties);
});

const refused: ReadonlyArray<readonly [name: string, properties: object, code: string]> = [
  ["256 keys", keys(limits.propertiesKeys + 1), "properties_too_large"],
  [
    "256 keys over several levels",
    { ...keys(limits.propertiesKeys - 1), in: { a: 1 } },
    "properties_too_large",
  ],
  ["256 keys in a list", { list: Array.from({ length: 255 }, () => ({ a: 1 })) }, "properties_too_large"],
  ["9 levels", nested(limits.propertiesDepth + 1), "properties_too_large"],
  ["9 levels of lists", { a: [[[[[[[[]]]]]]]] }, "properties_too_large"],
  ["one byte more than 32 KiB", bytes(limits.propertiesBytes + 1), "properties_too_large"],
  ["one byte more, of three bytes each", bytes(limits.propertiesBytes + 1, "€"), "properties_too_large"],
  ["one byte more, of escapes", bytes(limits.propertiesBytes + 1, "\u0001"), "properties_too_large"],
  ["a key of 32 KiB", { ["x".repeat(limits.propertiesBytes)]: 1 }, "properties_too_large"],
  ["1e999", JSON.parse('{"a":[{"b":1e999}]}'), "number_not_exact"],
  ["-1e999", JSON.parse('{"a":-1e999}'), "number_not_exact"],
  ["2^53", { a: 2 ** 53 }, "number_not_exact"],
  ["a 64-bit integer", JSON.parse('{"a":[18446744073709551615]}'), "number_not_exact"],
  ["a negative 64-bit integer", JSON.parse('{"a":-9223372036854775808}'), "number_not_exact"],
];

test.each([...refused])("%s do not", (_, properties, code) => {
  const { draft, drop } = put(properties);
  expect(drop?.code).toBe(code as never);
  expect(drop?.message).toMatch(/^properties .+\.$/);
  expect(draft.properties).toEqual({});
});

test("mapping, post and device become columns, for every event type", () => {
  const { draft } = put({ mapping_id: 456, post_id: Number.MAX_SAFE_INTEGER, device_slug: "iphone-15-pro" });
  expect(draft).toMatchObject({
    mappingId: 456,
    postId: Number.MAX_SAFE_INTEGER,
    deviceSlug: "iphone-15-pro",
  });
});

test("what is no id and no slug becomes no column", () => {
  for (const properties of [
    { mapping_id: -1, post_id: 1.5, device_slug: 5 },
    { mapping_id: "456", post_id: null, device_slug: "x".repeat(201) },
    { mapping_id: {}, post_id: [], device_slug: {} },
    {},
    null,
    undefined,
  ]) {
    expect(put(properties).draft).toMatchObject({ mappingId: 0, postId: 0, deviceSlug: "" });
  }
});

type Unstorable = readonly [field: string, input: object];

const unstorable: ReadonlyArray<Unstorable> = [
  ...[
    ...["event_id", "session_id", "visitor_id", "user_id", "user_agent", "source", "site_id", "page_url"],
    ...["page_path", "page_title", "referrer", "referrer_domain", "screen", "language", "timezone"],
  ].map((field): Unstorable => [field, { [field]: "a\0b" }]),
  ["properties", { properties: { a: "a\0" } }],
  ["properties", { properties: { "\0": 1 } }],
  ["properties", { properties: { a: [{ b: "\ud83d" }] } }],
  ["page_title", { page_title: "\udc00" }],
  ["page_title", { page_title: "x\ud83dy" }],
];

test.each([...unstorable])("NUL and half a surrogate pair are refused in %s", (field, input) => {
  const drop = dropUnstorableText(draftOf(input), testContext());
  expect(drop).toMatchObject({
    code: "invalid_text",
    message: expect.stringMatching(new RegExp(`^${field} `)),
  });
});

test("whole pairs, every other control character and unknown fields are not", () => {
  const input = {
    page_title: "🦉\u0001\u001f\u007f\u2028",
    properties: { "🦉": ["é\n"] },
    unknown: "\0\ud800",
  };
  expect(dropUnstorableText(draftOf(input), testContext())).toBeUndefined();
});
