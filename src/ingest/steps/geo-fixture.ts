/** Writes small MaxMind DB files for tests, after the "MaxMind DB File Format Specification" 2.0. */

type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

const head = (type: number, size: number): number[] => {
  const wide = size >= 29;
  const low = wide ? 29 : size;
  return [...(type > 7 ? [low, type - 7] : [(type << 5) | low]), ...(wide ? [size - 29] : [])];
};

const encode = (value: Value): number[] => {
  if (typeof value === "string") return [...head(2, Buffer.byteLength(value)), ...Buffer.from(value)];
  if (typeof value === "boolean") return head(14, value ? 1 : 0);
  if (typeof value === "number")
    return [...head(6, 4), value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];
  if (Array.isArray(value)) return [...head(11, value.length), ...value.flatMap(encode)];
  const entries = Object.entries(value);
  return [
    ...head(7, entries.length),
    ...entries.flatMap(([key, inner]) => [...encode(key), ...encode(inner)]),
  ];
};

const bitsOf = (network: string): string => {
  const [address = "", length = "0"] = network.split("/");
  if (address.includes(":")) {
    const groups = address.replace(/::$/, "").split(":");
    const bits = groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0")).join("");
    return bits.padEnd(128, "0").slice(0, Number(length));
  }
  const bits = address.split(".").map((part) => Number(part).toString(2).padStart(8, "0"));
  return "0".repeat(96) + bits.join("").slice(0, Number(length));
};

/** A database of the given type; networks are "1.2.3.0/24" or a prefix like "2001:db8::/32", and must not overlap. */
export const mmdbFile = (type: string, rows: Readonly<Record<string, Value>>): Buffer => {
  const data: number[] = [];
  const nodes: [left: number, right: number][] = [[-1, -1]];
  const leaves: [node: number, side: 0 | 1, offset: number][] = [];
  for (const [network, row] of Object.entries(rows)) {
    const bits = bitsOf(network);
    let at = 0;
    for (let i = 0; i < bits.length; i++) {
      const side = bits[i] === "1" ? 1 : 0;
      const node = nodes[at];
      if (node === undefined) throw new Error("no such node");
      if (i === bits.length - 1) leaves.push([at, side, data.length]);
      else {
        if (node[side] < 0) node[side] = nodes.push([-1, -1]) - 1;
        at = node[side];
      }
    }
    data.push(...encode(row));
  }
  for (const [at, side, offset] of leaves) {
    const node = nodes[at];
    if (node) node[side] = nodes.length + 16 + offset;
  }
  const tree = nodes.flat().flatMap((record) => {
    const target = record < 0 ? nodes.length : record;
    return [target >> 16, (target >> 8) & 255, target & 255];
  });
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_700_000_000,
    database_type: type,
    description: { en: "test" },
    ip_version: 6,
    languages: ["en"],
    node_count: nodes.length,
    record_size: 24,
  });
  const marker = [0xab, 0xcd, 0xef, ...Buffer.from("MaxMind.com")];
  return Buffer.from([...tree, ...new Array<number>(16).fill(0), ...data, ...marker, ...metadata]);
};
