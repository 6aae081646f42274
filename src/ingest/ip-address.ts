import { isIP } from "node:net";

/** The eight 16-bit groups of a valid IPv6 address without a zone; a dotted IPv4 tail counts as two groups. */
const groupsOf = (address: string): number[] => {
  const [head = "", tail] = address.split("::");
  const parse = (part: string): number[] =>
    part === ""
      ? []
      : part
          .split(":")
          .flatMap((group) => (group.includes(".") ? pairOf(group) : [Number.parseInt(group, 16)]));
  const left = parse(head);
  if (tail === undefined) return left;
  const right = parse(tail);
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
};

const pairOf = (dotted: string): number[] => {
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split(".").map(Number);
  return [a * 256 + b, c * 256 + d];
};

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as "::". */
const textOf = (groups: readonly number[]): string => {
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) [start, length] = [i, end - i];
    i = Math.max(i, end - 1);
  }
  const hex = groups.map((group) => group.toString(16));
  if (start < 0) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
};

/**
 * One spelling per address: IPv4 dotted, IPv6 as RFC 5952 writes it, an IPv4-mapped IPv6 address as its IPv4 address,
 * a zone ("%eth0") dropped. "" for anything that is not an address.
 */
export const normalAddress = (text: string): string => {
  const zone = text.indexOf("%");
  const bare = zone < 0 ? text : text.slice(0, zone);
  const family = isIP(bare);
  if (family === 4) return zone < 0 ? bare : "";
  if (family === 0) return "";
  const groups = groupsOf(bare);
  const [, , , , , marker = 0, high = 0, low = 0] = groups;
  if (marker === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  return textOf(groups);
};

/**
 * The network an address is coarsened to before it is used to tell visitors apart: /24 for IPv4, /48 for IPv6 (what one
 * household or company usually gets, and what survives privacy extensions). "" for anything that is not an address.
 */
export const networkOf = (address: string): string => {
  const normal = normalAddress(address);
  if (normal === "") return "";
  if (!normal.includes(":")) return `${normal.slice(0, normal.lastIndexOf("."))}.0/24`;
  const [a = 0, b = 0, c = 0] = groupsOf(normal);
  return `${textOf([a, b, c, 0, 0, 0, 0, 0])}/48`;
};
