import { describe, expect, test } from "bun:test";
import { typedProperties } from "../../domain/event.ts";
import { draftOf, testContext, typedEvents } from "../../testing/service/ingest-context.ts";
import { dropMistypedProperties, explainEvent, isEventInput } from "./check-fields.ts";

const of = (length: number) => "x".repeat(length);
const biggest = Number.MAX_SAFE_INTEGER;

/** Text fields: shortest and longest that is taken. */
const texts: Readonly<Record<string, readonly [number, number]>> = {
  event_id: [1, 128],
  user_agent: [0, 4096],
  source: [1, 64],
  site_id: [1, 253],
  page_url: [0, 8192],
  page_path: [0, 8192],
  page_title: [0, 2048],
  referrer: [0, 8192],
  referrer_domain: [0, 253],
  screen: [0, 32],
  language: [0, 64],
  timezone: [0, 64],
};

const ids = ["session_id", "visitor_id", "user_id"];

type Row = readonly [field: string, taken: ReadonlyArray<unknown>, refused: ReadonlyArray<unknown>];

const rows: ReadonlyArray<Row> = [
  [
    "event_type",
    ["a", of(64), "Az09_:.$ -", "constructor", "__proto__"],
    ["", of(65), "é", "a/b", "a\n", "a\0", 5, null, undefined, {}, []],
  ],
  ["event_version", [1, 255, null, undefined], [0, 256, 1.5, -1, "1", true]],
  [
    "occurred_at",
    [0, 1.5, -1, "", of(40), null, undefined],
    [of(41), true, {}, [], Number.POSITIVE_INFINITY],
  ],
  ["properties", [{}, { a: [1] }, null, undefined], [[], "{}", 5, true]],
  ...Object.entries(texts).map(
    ([field, [shortest, longest]]): Row => [
      field,
      [of(shortest), of(longest), null, undefined],
      [...(shortest === 0 ? [] : [of(shortest - 1)]), of(longest + 1), 5, true, {}, []],
    ],
  ),
  ...ids.map(
    (field): Row => [
      field,
      ["a", of(200), 0, biggest, null, undefined],
      ["", of(201), -1, 1.5, biggest + 1, Number.NaN, true, {}, []],
    ],
  ),
];

describe("an event's fields", () => {
  test.each(rows)("%s is taken within its bounds and refused outside of them", (field, taken, refused) => {
    for (const value of taken)
      expect([value, isEventInput({ event_type: "a", [field]: value })]).toEqual([value, true]);
    for (const value of refused) {
      const input = { event_type: "a", [field]: value };
      expect([value, isEventInput(input)]).toEqual([value, false]);
      const { code, message } = explainEvent(input);
      expect(code).toBe("invalid_event");
      expect(message).toStartWith(field);
      expect(message).toMatch(/ must be .+\.$/);
      // What was sent is quoted only where it is short.
      expect(message.length).toBeLessThan(200);
    }
  });

  test.each([[null], [undefined], [5], ["event"], [[]], [true]])("%p is no event", (input) => {
    expect(isEventInput(input)).toBe(false);
    expect(explainEvent(input)).toMatchObject({
      code: "invalid_event",
      message: expect.stringMatching(/object/),
    });
  });

  test("what is not known is ignored, whatever it is called", () => {
    const input = JSON.parse('{"event_type":"a","__proto__":{"event_id":5},"constructor":{},"toString":1}');
    expect(isEventInput(input)).toBe(true);
  });

  test("a field counts only if it is the event's own", () => {
    expect(isEventInput(JSON.parse('{"__proto__":{"event_type":"a"}}'))).toBe(false);
  });
});

type PropertyRow = readonly [
  property: string,
  taken: ReadonlyArray<unknown>,
  refused: ReadonlyArray<unknown>,
];

const id: readonly [ReadonlyArray<unknown>, ReadonlyArray<unknown>] = [
  [0, biggest],
  [undefined, null, -1, 1.5, "456", biggest + 1, {}, true],
];
const text = (
  shortest: number,
  longest: number,
): readonly [ReadonlyArray<unknown>, ReadonlyArray<unknown>] => [
  [of(shortest), of(longest)],
  [...(shortest === 0 ? [] : [of(shortest - 1)]), of(longest + 1), undefined, null, 5, {}],
];

const properties: Readonly<Record<keyof typeof typedEvents, ReadonlyArray<PropertyRow>>> = {
  widget_impression: [
    ["mapping_id", ...id],
    ["post_id", ...id],
    ["widget_index", [0, 65_535], [-1, 65_536, 0.5, "0", undefined]],
    ["device_slug", ...text(1, 200)],
    ["raw_model", ...text(0, 200)],
    ["viewport_percent", [0, 0.1, 100], [-0.1, 100.1, "50", undefined, null]],
  ],
  widget_click: [
    ["mapping_id", ...id],
    ["post_id", ...id],
    ["device_slug", ...text(1, 200)],
    ["click_target", ...text(0, 2048)],
    ["destination_url", ...text(0, 8192)],
  ],
  device_page_view: [
    ["device_id", ["a", of(200), 0, biggest], ["", of(201), -1, 1.5, undefined, null]],
    ["device_slug", ...text(1, 200)],
    ["brand", ...text(0, 200)],
    ["view_source", ...text(0, 200)],
    ["referrer_mapping_id", [0, biggest, null, undefined], [-1, 1.5, "456"]],
  ],
};

test("every event type with checked properties is in the table", () => {
  expect(Object.keys(typedProperties)).toEqual(Object.keys(properties));
});

describe.each(Object.entries(properties))("the properties of %s", (type, table) => {
  const valid = typedEvents[type as keyof typeof typedEvents];
  const drop = (more: object) =>
    dropMistypedProperties(draftOf({ event_type: type, properties: { ...valid, ...more } }), testContext());

  test.each([...table])(
    "%s is taken within its bounds and refused outside of them",
    (property, taken, refused) => {
      for (const value of taken) expect([value, drop({ [property]: value })]).toEqual([value, undefined]);
      for (const value of refused) {
        const rejection = drop({ [property]: value });
        expect([value, rejection?.code]).toEqual([value, "invalid_properties"]);
        expect(rejection?.message).toStartWith(`properties.${property} `);
      }
    },
  );

  test("others may stand beside them", () => {
    expect(drop({ theme: "dark", nested: { a: [1] } })).toBeUndefined();
  });

  test("they may not be missing as a whole", () => {
    for (const input of [{}, { properties: null }]) {
      const rejection = dropMistypedProperties(draftOf({ event_type: type, ...input }), testContext());
      expect(rejection?.code).toBe("invalid_properties");
    }
  });
});

test.each(["page_view", "identify", "constructor", "__proto__", "toString"])(
  "%s may have any properties",
  (type) => {
    const draft = draftOf({ event_type: type, properties: { mapping_id: "not a number" } });
    expect(dropMistypedProperties(draft, testContext())).toBeUndefined();
  },
);
