import { expect, test } from "bun:test";
import { ParquetError, ParquetJoiner } from "./parquet-joiner.ts";
import { encodeStruct, type ThriftStruct, type ThriftValue } from "./thrift-compact.ts";

const number = (value: bigint): ThriftValue => ({ type: 6, value });
const list = (...structs: ReadonlyArray<ThriftStruct>): ThriftValue => ({
  type: 9,
  element: 12,
  values: structs.map((fields) => ({ type: 12, fields })),
});

const fileOf = (footer: ThriftStruct, body = Buffer.from("rows")): Buffer => {
  const encoded = encodeStruct(footer);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(encoded.length);
  return Buffer.concat([Buffer.from("PAR1"), body, encoded, length, Buffer.from("PAR1")]);
};

const withColumn = (column: ThriftStruct): Buffer =>
  fileOf(
    new Map([
      [2, list(new Map())],
      [3, number(1n)],
      [4, list(new Map([[1, list(column)]]))],
    ]),
  );

const sound = withColumn(
  new Map([
    [2, number(4n)],
    [3, { type: 12, fields: new Map([[9, number(4n)]]) }],
  ]),
);

test("a file whose offsets would be wrong in another place is refused", () => {
  const joiner = new ParquetJoiner(sound);
  expect(Buffer.from(joiner.add(sound)).toString()).toBe("rows");
  const pageIndex = withColumn(
    new Map([
      [2, number(4n)],
      [4, number(9n)],
      [5, { type: 5, value: 3n }],
    ]),
  );
  expect(() => joiner.add(pageIndex)).toThrow("page index");
  const bloomFilter = withColumn(new Map([[3, { type: 12, fields: new Map([[14, number(9n)]]) }]]));
  expect(() => joiner.add(bloomFilter)).toThrow("bloom filter");
});

test("bytes that are no Parquet file are refused", () => {
  const joiner = new ParquetJoiner(sound);
  const long = Buffer.from(sound);
  long.writeUInt32LE(5000, long.length - 8);
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from("PAR1"),
    Buffer.from("PAR1PAR1"),
    sound.subarray(1),
    sound.subarray(0, -1),
    long,
  ]) {
    expect(() => joiner.add(bytes)).toThrow(ParquetError);
    expect(() => new ParquetJoiner(bytes)).toThrow(ParquetError);
  }
});
