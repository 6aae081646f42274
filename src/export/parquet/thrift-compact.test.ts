import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  decodeStruct,
  encodeStruct,
  ThriftError,
  type ThriftStruct,
  type ThriftValue,
} from "./thrift-compact.ts";

const bytes = (length?: number) =>
  fc.uint8Array(length === undefined ? { maxLength: 300 } : { minLength: length, maxLength: length });

const { struct } = fc.letrec<{ value: ThriftValue; struct: ThriftStruct; list: ThriftValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.record({ type: fc.constantFrom(1 as const, 2 as const) }),
    fc.record({ type: fc.constant(3 as const), value: fc.nat(255) }),
    fc.record({
      type: fc.constantFrom(4 as const, 5 as const, 6 as const),
      value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    }),
    fc.record({ type: fc.constant(7 as const), value: bytes(8) }),
    fc.record({ type: fc.constant(8 as const), value: bytes() }),
    fc.record({ type: fc.constant(12 as const), fields: tie("struct") }),
    tie("list"),
  ),
  list: fc.oneof(
    fc
      .array(fc.record({ type: fc.constantFrom(1 as const, 2 as const) }), { maxLength: 20 })
      .map((values): ThriftValue => ({ type: 9, element: 2, values })),
    fc
      .array(fc.record({ type: fc.constant(6 as const), value: fc.bigInt({ min: -5n, max: 2n ** 62n }) }), {
        maxLength: 40,
      })
      .map((values): ThriftValue => ({ type: 10, element: 6, values })),
    fc
      .array(fc.record({ type: fc.constant(12 as const), fields: tie("struct") }), { maxLength: 3 })
      .map((values): ThriftValue => ({ type: 9, element: 12, values })),
  ),
  struct: fc
    .uniqueArray(fc.tuple(fc.integer({ min: -300, max: 300 }), tie("value")), {
      selector: ([id]) => id,
      maxLength: 6,
    })
    .map((fields): ThriftStruct => new Map(fields.toSorted(([a], [b]) => a - b))),
}));

const plain = (value: unknown): unknown => {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (value instanceof Map || Array.isArray(value)) return [...value].map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
};

test("what is written is read as it was", () => {
  fc.assert(
    fc.property(struct, (value) => expect(plain(decodeStruct(encodeStruct(value)))).toEqual(plain(value))),
  );
});

test("a struct that is encoded already is read as one", () => {
  const inner: ThriftStruct = new Map([[1, { type: 6, value: 300n }]]);
  const encoded = encodeStruct(new Map([[2, { type: "encoded", bytes: encodeStruct(inner) }]]));
  expect(plain(decodeStruct(encoded))).toEqual(plain(new Map([[2, { type: 12, fields: inner }]])));
});

test("bytes that end early or mean nothing are an error", () => {
  const whole = encodeStruct(new Map([[1, { type: 8, value: new Uint8Array(50) }]]));
  for (let length = 0; length < whole.length; length += 1) {
    expect(() => decodeStruct(whole.subarray(0, length))).toThrow(ThriftError);
  }
  expect(() => decodeStruct(Uint8Array.of(0x1b, 0))).toThrow(ThriftError);
  expect(() => decodeStruct(Uint8Array.of(0x16, ...Array.from({ length: 12 }, () => 0xff)))).toThrow(
    ThriftError,
  );
});
