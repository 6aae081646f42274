import { BlockList } from "node:net";
import { normalAddress } from "../ingest/ip-address.ts";

/** IPv4 networks that are not somebody's place on the internet: IANA's special-purpose registry, and multicast. */
const specialNetworks: ReadonlyArray<readonly [string, number]> = [
  ["0.0.0.0", 8], // this host
  ["10.0.0.0", 8], // private
  ["100.64.0.0", 10], // carrier-grade NAT, and the metadata of some clouds
  ["127.0.0.0", 8], // loopback
  ["168.63.129.16", 32], // the platform address of Azure
  ["169.254.0.0", 16], // link-local, and the metadata of most clouds
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // protocols
  ["192.0.2.0", 24], // documentation
  ["192.31.196.0", 24], // AS112
  ["192.52.193.0", 24], // AMT
  ["192.88.99.0", 24], // relays to 6to4
  ["192.168.0.0", 16], // private
  ["192.175.48.0", 24], // AS112
  ["198.18.0.0", 15], // benchmarks
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, and broadcast
];

/** IPv6 that is given out at all. Outside it are loopback, mapped, local, translated (NAT64) and multicast addresses. */
const globalUnicast: readonly [string, number] = ["2000::", 3];

/** Within it, what is not somebody's place, or stands for an IPv4 address that was not looked at. */
const specialNetworks6: ReadonlyArray<readonly [string, number]> = [
  ["2001::", 23], // protocols, Teredo among them
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4
  ["2620:4f:8000::", 48], // AS112
  ["3fff::", 20], // documentation
];

const special = new BlockList();
for (const [network, bits] of specialNetworks) special.addSubnet(network, bits, "ipv4");

const special6 = new BlockList();
for (const [network, bits] of specialNetworks6) special6.addSubnet(network, bits, "ipv6");

const given6 = new BlockList();
given6.addSubnet(...globalUnicast, "ipv6");

/**
 * Whether an address, in any spelling, is one on the public internet. False for loopback, private, link-local,
 * carrier-grade NAT, unique local, multicast, reserved, documentation, benchmark and cloud metadata addresses, for those
 * that wrap an IPv4 address (6to4, Teredo, NAT64), and for what is no address. An IPv4-mapped one is its IPv4 address.
 */
export const isPublicAddress = (text: string): boolean => {
  const address = normalAddress(text);
  if (address === "") return false;
  return address.includes(":")
    ? given6.check(address, "ipv6") && !special6.check(address, "ipv6")
    : !special.check(address, "ipv4");
};
