import { decodeStruct, encodeStruct, type ThriftStruct, type ThriftValue } from "./thrift-compact.ts";

/** A file that is to be joined is not a Parquet file of the kind that can be. */
export class ParquetError extends Error {}

const MAGIC = Buffer.from("PAR1");

// Ids of fields in https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
const file = { schema: 2, rows: 3, rowGroups: 4 } as const;
const rowGroup = { columns: 1, fileOffset: 5, ordinal: 7 } as const;
const columnChunk = { fileOffset: 2, metadata: 3, pageIndexes: [4, 5, 6, 7] } as const;
const columnMetadata = { offsets: [9, 10, 11], bloomFilter: 14 } as const;

/** Moves an offset into the file; 0 stands for none. */
const moved = (value: ThriftValue, bytes: bigint): ThriftValue =>
  value.type === 6 && value.value > 0n ? { type: 6, value: value.value + bytes } : value;

const withFields = (
  fields: ThriftStruct,
  change: (id: number, value: ThriftValue) => ThriftValue,
): ThriftStruct => new Map([...fields].map(([id, value]) => [id, change(id, value)]));

const structOf = (value: ThriftValue | undefined, what: string): ThriftStruct => {
  if (value?.type !== 12) throw new ParquetError(`The ${what} is missing.`);
  return value.fields;
};

const listOf = (fields: ThriftStruct, id: number, what: string): ReadonlyArray<ThriftValue> => {
  const value = fields.get(id);
  if (value?.type !== 9) throw new ParquetError(`The ${what} are missing.`);
  return value.values;
};

const movedColumn = (column: ThriftStruct, bytes: bigint): ThriftStruct => {
  if (columnChunk.pageIndexes.some((id) => column.has(id))) {
    throw new ParquetError("There is a page index, whose offsets would be wrong.");
  }
  return withFields(column, (id, value) => {
    if (id === columnChunk.fileOffset) return moved(value, bytes);
    if (id !== columnChunk.metadata) return value;
    const metadata = structOf(value, "column's metadata");
    if (metadata.has(columnMetadata.bloomFilter)) throw new ParquetError("There is a bloom filter.");
    return {
      type: 12,
      fields: withFields(metadata, (field, offset) =>
        columnMetadata.offsets.some((known) => known === field) ? moved(offset, bytes) : offset,
      ),
    };
  });
};

const movedRowGroup = (group: ThriftStruct, bytes: bigint): ThriftStruct => {
  const changed = withFields(group, (id, value) => {
    if (id === rowGroup.fileOffset) return moved(value, bytes);
    if (id !== rowGroup.columns) return value;
    const columns = listOf(group, id, "columns").map((column) => structOf(column, "column"));
    return {
      type: 9,
      element: 12,
      values: columns.map((column) => ({ type: 12, fields: movedColumn(column, bytes) })),
    };
  });
  // Its number in the file it was in.
  return new Map([...changed].filter(([id]) => id !== rowGroup.ordinal));
};

const lengthOf = (fields: ThriftStruct): bigint => {
  const rows = fields.get(file.rows);
  if (rows?.type !== 6) throw new ParquetError("The number of rows is missing.");
  return rows.value;
};

const parts = (bytes: Uint8Array): { readonly body: Uint8Array; readonly footer: ThriftStruct } => {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = view.length - 8;
  const isParquet = end >= 4 && MAGIC.equals(view.subarray(0, 4)) && MAGIC.equals(view.subarray(-4));
  const start = isParquet ? end - view.readUInt32LE(end) : 0;
  if (start < 4) throw new ParquetError("This is no Parquet file.");
  return { body: view.subarray(4, start), footer: decodeStruct(view.subarray(start, end)) };
};

/**
 * Makes one Parquet file of several with the same schema, piece by piece. Row groups are taken over as they are: nothing
 * in them knows where they lie in the file. Holds only what the footer will say of each row group: about 4 KB for 40
 * columns.
 *
 * All of it throws {@link ParquetError} for what cannot be joined.
 */
export class ParquetJoiner {
  readonly #footer: ThriftStruct;
  readonly #groups: Array<ThriftValue> = [];
  #rows = 0n;
  #written = MAGIC.length;

  /** `first` has the schema; its rows are not taken. */
  constructor(first: Uint8Array) {
    this.#footer = parts(first).footer;
    listOf(this.#footer, file.schema, "columns' names");
  }

  /** How the file begins. */
  readonly head: Uint8Array = MAGIC;

  /** The bytes that a file adds. */
  add(bytes: Uint8Array): Uint8Array {
    const { body, footer } = parts(bytes);
    // Offsets count from the start of a file, where the magic is.
    const distance = BigInt(this.#written - MAGIC.length);
    for (const group of listOf(footer, file.rowGroups, "row groups")) {
      const encoded = encodeStruct(movedRowGroup(structOf(group, "row group"), distance));
      this.#groups.push({ type: "encoded", bytes: encoded });
    }
    this.#rows += lengthOf(footer);
    this.#written += body.length;
    return body;
  }

  /** How the file ends. */
  end(): Uint8Array {
    const footer = encodeStruct(
      withFields(this.#footer, (id, value) => {
        if (id === file.rows) return { type: 6, value: this.#rows };
        return id === file.rowGroups ? { type: 9, element: 12, values: this.#groups } : value;
      }),
    );
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    return Buffer.concat([footer, length, MAGIC]);
  }
}
