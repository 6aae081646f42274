import type { BlockList } from "node:net";
import { normalAddress } from "./ip-address.ts";

/**
 * Adds an address (192.0.2.1, 2001:db8::1) or a network (10.0.0.0/8, fd00::/8) to a list, an IPv4-mapped IPv6 address as
 * its IPv4 address. The answer is why it is neither, as the end of "`entry` …"; then nothing was added.
 */
export const addNetwork = (list: BlockList, entry: string): string | undefined => {
  const slash = entry.indexOf("/");
  const written = slash < 0 ? entry : entry.slice(0, slash);
  const address = normalAddress(written);
  if (address === "" || written.includes("%")) return "is not an IP address";
  const family = address.includes(":") ? "ipv6" : "ipv4";
  if (slash < 0) {
    list.addAddress(address, family);
    return undefined;
  }
  const length = entry.slice(slash + 1);
  const mapped = family === "ipv4" && written.includes(":");
  const bits = /^\d{1,3}$/.test(length) ? Number(length) - (mapped ? 96 : 0) : -1;
  if (bits < 0 || bits > (family === "ipv4" ? 32 : 128)) return "has no valid prefix length";
  list.addSubnet(address, bits, family);
  return undefined;
};

/** Whether an address in its normal spelling (see `normalAddress`) is in the list. */
export const holdsAddress = (list: BlockList, address: string): boolean =>
  address !== "" && list.check(address, address.includes(":") ? "ipv6" : "ipv4");
