import { BlockList } from "node:net";
import { addNetwork, holdsAddress } from "../ingest/address-list.ts";
import { BoundedCache } from "../ingest/bounded-cache.ts";
import { normalAddress } from "../ingest/ip-address.ts";

/** The proxies whose word on the client's address is taken. */
export interface TrustedProxies {
  /** Whether a normal address (see `normalAddress`) is one of them. */
  readonly trusts: (address: string) => boolean;
  /** Whether there are any at all. */
  readonly any: boolean;
  /** The client that an `X-Forwarded-For` seen before stands for, "" for the peer. */
  readonly seen: BoundedCache<string>;
}

const words: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.0/8", "::1"],
  private: [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "fc00::/7",
    "fe80::/10",
  ],
};

const add = (list: BlockList, entry: string): void => {
  const why = addNetwork(list, entry);
  if (why === undefined) return;
  throw new Error(
    `TRUSTED_PROXIES: "${entry}" ${why}; use addresses (192.0.2.1), networks (10.0.0.0/8, fd00::/8), "loopback" or "private", separated by commas`,
  );
};

/**
 * Reads `TRUSTED_PROXIES`: addresses and networks of both families, `loopback` (127.0.0.0/8, ::1) and `private` (RFC 1918,
 * unique local, link local and carrier networks), separated by commas. "" trusts nobody. Throws an `Error` that quotes
 * a bad entry.
 */
export const parseTrustedProxies = (setting: string): TrustedProxies => {
  const entries = setting
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  const list = new BlockList();
  for (const entry of entries) {
    const networks = Object.hasOwn(words, entry.toLowerCase()) ? words[entry.toLowerCase()] : undefined;
    for (const network of networks ?? [entry]) add(list, network);
  }
  const cache = new BoundedCache<boolean>(8192, 45);
  return {
    any: entries.length > 0,
    seen: new BoundedCache(16_384, 160),
    trusts: (address) => {
      const known = cache.get(address);
      if (known !== undefined) return known;
      const trusted = holdsAddress(list, address);
      cache.set(address, trusted);
      return trusted;
    },
  };
};

/** An address as proxies write it: quoted, in brackets, with a port, as an IPv4-mapped one. "" when it is none. */
const addressIn = (text: string): string => {
  const bare = text.replace(/^"(.*)"$/, "$1");
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(bare)?.[1];
  if (bracketed !== undefined) return bracketed.includes(":") ? normalAddress(bracketed) : "";
  return normalAddress(bare.replace(/^([\d.]+):\d{1,5}$/, "$1"));
};

/** Every hop of RFC 7239's header in order, as written; a hop without a readable `for=` is "unknown". Quotes may hold commas. */
const forwardedHops = (header: string): string[] => {
  const hops = header.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g) ?? [];
  return hops.map(
    (hop) => /(?:^|;)\s*for\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s"]+)\s*(?:;|$)/i.exec(hop)?.[1] ?? "",
  );
};

/** Hops a header may hold; a request that passed more proxies than this is somebody's trick. */
const maxHops = 64;

/** "" when not even the last hop is an address. */
const walk = (hops: readonly string[], trusted: TrustedProxies): string => {
  let last = "";
  for (let i = hops.length - 1; i >= Math.max(0, hops.length - maxHops); i--) {
    const hop = hops[i]?.trim() ?? "";
    if (hop === "") continue;
    const address = addressIn(hop);
    if (address === "") return last;
    last = address;
    if (!trusted.trusts(address)) return address;
  }
  return last;
};

const peers = new BoundedCache<string>(8192, 64);

const normalPeer = (peer: string): string => {
  const known = peers.get(peer);
  if (known !== undefined) return known;
  const address = normalAddress(peer);
  peers.set(peer, address);
  return address;
};

/**
 * The address a request came from, in its normal spelling (see `normalAddress`); "" when even the peer has none.
 *
 * Headers count only when the peer is a trusted proxy. `X-Forwarded-For`, else `Forwarded` (RFC 7239), is read from the
 * right, past trusted addresses, to the first one that is not: the last that a trusted proxy saw itself. What stands left
 * of it anybody may have written. An entry that is no address ends the walk at the one before; if all are trusted it is
 * the leftmost. `X-Real-IP` counts only when neither list is there.
 *
 * `X-Forwarded-For` goes first because it is what proxies write unasked; they pass a client's own `Forwarded` on.
 */
export const clientAddress = (headers: Headers, peer: string, trusted: TrustedProxies): string => {
  const address = normalPeer(peer);
  if (!trusted.any || !trusted.trusts(address)) return address;
  const list = headers.get("x-forwarded-for");
  if (list !== null) {
    let client = trusted.seen.get(list);
    if (client === undefined) {
      client = walk(list.split(","), trusted);
      trusted.seen.set(list, client);
    }
    return client || address;
  }
  const forwarded = headers.get("forwarded");
  if (forwarded !== null) return walk(forwardedHops(forwarded), trusted) || address;
  const real = headers.get("x-real-ip");
  return (real === null ? "" : addressIn(real.trim())) || address;
};
