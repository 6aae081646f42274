// The compact protocol of Apache Thrift, in which a Parquet file's footer is written:
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

/** A value with its compact type: 1 true, 2 false, 3 byte, 4–6 integers, 7 double, 8 bytes, 9 list, 10 set, 12 struct. */
export type ThriftValue =
  | { readonly type: 1 | 2 }
  | { readonly type: 3; readonly value: number }
  | { readonly type: 4 | 5 | 6; readonly value: bigint }
  | { readonly type: 7 | 8; readonly value: Uint8Array }
  | { readonly type: 9 | 10; readonly element: number; readonly values: ReadonlyArray<ThriftValue> }
  | { readonly type: 12; readonly fields: ThriftStruct }
  /** A struct that is encoded already; only for writing. */
  | { readonly type: "encoded"; readonly bytes: Uint8Array };

/** Fields by their ids, in ascending order of the ids. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

/** The bytes are not what the protocol allows, or hold a map, which Parquet has none of. */
export class ThriftError extends Error {}

class Reader {
  #at = 0;
  constructor(readonly bytes: Uint8Array) {}

  #byte(): number {
    const byte = this.bytes[this.#at];
    if (byte === undefined) throw new ThriftError("The bytes end early.");
    this.#at += 1;
    return byte;
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.bytes.length) throw new ThriftError("The bytes end early.");
    const part = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new ThriftError("A number has too many bytes.");
  }

  #zigzag(): bigint {
    const value = this.#varint();
    return (value >> 1n) ^ -(value & 1n);
  }

  #value(type: number): ThriftValue {
    switch (type) {
      case 1:
      case 2:
        return { type };
      case 3:
        return { type, value: this.#byte() };
      case 4:
      case 5:
      case 6:
        return { type, value: this.#zigzag() };
      case 7:
        return { type, value: this.#take(8) };
      case 8:
        return { type, value: this.#take(Number(this.#varint())) };
      case 9:
      case 10:
        return this.#list(type);
      case 12:
        return { type, fields: this.struct() };
      default:
        throw new ThriftError(`There is a value of type ${type}.`);
    }
  }

  #list(type: 9 | 10): ThriftValue {
    const head = this.#byte();
    const element = head & 0x0f;
    const size = head >> 4 === 15 ? Number(this.#varint()) : head >> 4;
    const values: Array<ThriftValue> = [];
    for (let index = 0; index < size; index += 1) {
      // A flag in a list is a byte of its own.
      const isFlag = element === 1 || element === 2;
      values.push(this.#value(isFlag ? (this.#byte() === 1 ? 1 : 2) : element));
    }
    return { type, element, values };
  }

  struct(): ThriftStruct {
    const fields = new Map<number, ThriftValue>();
    let id = 0;
    for (;;) {
      const head = this.#byte();
      if (head === 0) return fields;
      id = head >> 4 === 0 ? Number(this.#zigzag()) : id + (head >> 4);
      fields.set(id, this.#value(head & 0x0f));
    }
  }
}

/** Throws {@link ThriftError}. */
export const decodeStruct = (bytes: Uint8Array): ThriftStruct => new Reader(bytes).struct();

class Writer {
  readonly #parts: Array<Uint8Array> = [];
  #small: Array<number> = [];

  #bytes(bytes: Uint8Array): void {
    this.#parts.push(Uint8Array.from(this.#small), bytes);
    this.#small = [];
  }

  #varint(value: bigint): void {
    let rest = value;
    for (; rest >= 0x80n; rest >>= 7n) this.#small.push(Number(rest & 0x7fn) | 0x80);
    this.#small.push(Number(rest));
  }

  #zigzag(value: bigint): void {
    this.#varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
  }

  #value(value: ThriftValue): void {
    switch (value.type) {
      case 1:
      case 2:
        return;
      case 3:
        this.#small.push(value.value);
        return;
      case 4:
      case 5:
      case 6:
        this.#zigzag(value.value);
        return;
      case 7:
        this.#bytes(value.value);
        return;
      case 8:
        this.#varint(BigInt(value.value.length));
        this.#bytes(value.value);
        return;
      case 9:
      case 10:
        this.#list(value.element, value.values);
        return;
      case 12:
        this.struct(value.fields);
        return;
      case "encoded":
        this.#bytes(value.bytes);
    }
  }

  #list(element: number, values: ReadonlyArray<ThriftValue>): void {
    this.#small.push((Math.min(values.length, 15) << 4) | element);
    if (values.length >= 15) this.#varint(BigInt(values.length));
    for (const value of values) {
      if (value.type === 1 || value.type === 2) this.#small.push(value.type);
      else this.#value(value);
    }
  }

  struct(fields: ThriftStruct): void {
    let last = 0;
    for (const [id, value] of fields) {
      const type = value.type === "encoded" ? 12 : value.type;
      const delta = id - last;
      if (delta > 0 && delta <= 15) this.#small.push((delta << 4) | type);
      else {
        this.#small.push(type);
        this.#zigzag(BigInt(id));
      }
      this.#value(value);
      last = id;
    }
    this.#small.push(0);
  }

  finish(): Uint8Array {
    this.#bytes(new Uint8Array());
    return Buffer.concat(this.#parts);
  }
}

export const encodeStruct = (fields: ThriftStruct): Uint8Array => {
  const writer = new Writer();
  writer.struct(fields);
  return writer.finish();
};
