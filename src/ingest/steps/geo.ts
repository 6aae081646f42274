import { readFileSync } from "node:fs";
import { BlockList } from "node:net";
import { Reader as MaxMindReader } from "@maxmind/geoip2-node";
import { Reader, type Response } from "mmdb-lib";
import { BoundedCache } from "../bounded-cache.ts";
import { normalAddress } from "../ip-address.ts";

/** `country` is ISO 3166-1 alpha-2 ("US"), `region` ISO 3166-2 of the first subdivision ("US-CA"); "" when unknown. */
export interface Place {
  readonly country: string;
  readonly region: string;
}

export interface GeoTable {
  /** Never throws; an address that is private, reserved, unknown or none at all has no place. Answers are shared. */
  readonly lookup: (address: string) => Place;
}

type Find = (address: string) => Place;

const defaultTable = "@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb";
const nowhere: Place = Object.freeze({ country: "", region: "" });

/** Ranges that belong to nobody in particular (RFC 6890); free tables hold stray rows inside of them. */
const reserved = new BlockList();
for (const [network, prefix] of [
  ...([
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
  ] as const),
  ...([
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
  ] as const),
  ...([
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 3],
  ] as const),
]) {
  reserved.addSubnet(network, prefix, "ipv4");
}
for (const [network, prefix] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
  ["2001:db8::", 32],
] as const) {
  reserved.addSubnet(network, prefix, "ipv6");
}

const place = (country: unknown, subdivision: unknown): Place => {
  if (typeof country !== "string" || !/^[A-Za-z]{2}$/.test(country)) return nowhere;
  const iso = country.toUpperCase();
  const hasRegion = typeof subdivision === "string" && /^[A-Za-z0-9]{1,3}$/.test(subdivision);
  return Object.freeze({ country: iso, region: hasRegion ? `${iso}-${subdivision.toUpperCase()}` : "" });
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** Rows of MaxMind and DB-IP (`country.iso_code`), of IPinfo (`country: "US"`) and of ip-location-db (`country_code`). */
const placeOfRow = (row: unknown): Place => {
  if (!isRecord(row)) return nowhere;
  const { country, country_code, subdivisions } = row;
  const first: unknown = Array.isArray(subdivisions) ? subdivisions[0] : undefined;
  const code = isRecord(country) ? country.iso_code : (country_code ?? country);
  return place(code, isRecord(first) ? first.iso_code : undefined);
};

const findInAnyTable = (file: Buffer): Find => {
  const reader = new Reader<Response>(file);
  return (address) => placeOfRow(reader.get(address));
};

/** A City, Enterprise or Country database as MaxMind and DB-IP type them; `undefined` for any other type. */
const findInMaxMindTable = (file: Buffer): Find | undefined => {
  const reader = MaxMindReader.openBuffer(file);
  const finds: readonly Find[] = [
    (address) => {
      const { country, subdivisions } = reader.city(address);
      return place(country?.isoCode, subdivisions?.[0]?.isoCode);
    },
    (address) => {
      const { country, subdivisions } = reader.enterprise(address);
      return place(country?.isoCode, subdivisions?.[0]?.isoCode);
    },
    (address) => place(reader.country(address).country?.isoCode, undefined),
  ];
  return finds.find((find) => {
    try {
      find("::");
    } catch (error) {
      // The wrong type is a BadMethodCallError; that "::" is not in the table means that the type is right.
      return error instanceof Error && error.name === "AddressNotFoundError";
    }
    return true;
  });
};

const open = (file: string, isDefault: boolean): Find => {
  const content = readFileSync(file);
  return (isDefault ? undefined : findInMaxMindTable(content)) ?? findInAnyTable(content);
};

/**
 * Opens a table from addresses to places. Without a file it is the CC0 country table that comes with the dependencies
 * (countries only, 8 MB); with one, any MaxMind DB file: GeoIP2 or GeoLite2 City, Country or Enterprise, DB-IP, IPinfo.
 * The file is read once, whole. Throws an `Error` that names the file when it is missing or not such a database.
 */
export const openGeoTable = (file?: string): GeoTable => {
  const path = file ?? Bun.resolveSync(defaultTable, import.meta.dir);
  let find: Find;
  try {
    find = open(path, file === undefined);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The geo database ${path} cannot be read as a MaxMind DB file: ${reason}`, { cause });
  }
  const cache = new BoundedCache<Place>(65_536, 45);
  const search = (address: string): Place => {
    const normal = normalAddress(address);
    if (normal === "" || reserved.check(normal, normal.includes(":") ? "ipv6" : "ipv4")) return nowhere;
    try {
      return find(normal);
    } catch {
      // "Not in the table" is an error to MaxMind's reader, and a damaged row must not stop an event.
      return nowhere;
    }
  };
  return {
    lookup: (address) => {
      const known = cache.get(address);
      if (known !== undefined) return known;
      const found = address === "" ? nowhere : search(address);
      cache.set(address, found);
      return found;
    },
  };
};
