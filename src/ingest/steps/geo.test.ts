import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { openGeoTable } from "./geo.ts";
import { mmdbFile } from "./geo-fixture.ts";

const directory = mkdtempSync(join(tmpdir(), "footfall-geo-"));
afterAll(() => rmSync(directory, { recursive: true }));

const written = (name: string, content: Uint8Array | string): string => {
  const file = join(directory, name);
  writeFileSync(file, content);
  return file;
};

describe("the table that comes with the dependencies", () => {
  const table = openGeoTable();

  test.each([
    { name: "IPv4", input: "8.8.8.8", want: "US" },
    { name: "IPv4 in Germany", input: "85.214.1.1", want: "DE" },
    { name: "IPv4-mapped IPv6", input: "::ffff:85.214.1.1", want: "DE" },
    { name: "IPv4-mapped IPv6 in hex", input: "::ffff:808:808", want: "US" },
    { name: "IPv6", input: "2001:4860:4860::8888", want: "US" },
    { name: "IPv6 in capitals", input: "2001:4860:4860::8888".toUpperCase(), want: "US" },
    { name: "loopback", input: "127.0.0.1", want: "" },
    { name: "IPv6 loopback", input: "::1", want: "" },
    { name: "private 10/8", input: "10.1.2.3", want: "" },
    { name: "private 172.16/12", input: "172.20.0.1", want: "" },
    { name: "private 192.168/16", input: "192.168.1.1", want: "" },
    { name: "mapped private", input: "::ffff:192.168.1.1", want: "" },
    { name: "carrier NAT", input: "100.64.0.1", want: "" },
    { name: "link local", input: "fe80::1%eth0", want: "" },
    { name: "unique local", input: "fd12:3456::1", want: "" },
    { name: "empty", input: "", want: "" },
    { name: "no address", input: "unknown", want: "" },
    { name: "with a port", input: "8.8.8.8:443", want: "" },
  ])("$name", ({ input, want }) => {
    expect(table.lookup(input)).toEqual({ country: want, region: "" });
    expect(table.lookup(input)).toEqual({ country: want, region: "" });
  });

  test("any text has an answer of the right shape", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (address) => {
        expect(table.lookup(address)).toEqual({
          country: expect.stringMatching(/^([A-Z]{2})?$/),
          region: "",
        });
      }),
    );
  });

  test("is open within a part of the two seconds a start may take", () => {
    const start = Bun.nanoseconds();
    openGeoTable().lookup("8.8.8.8");
    expect(Bun.nanoseconds() - start).toBeLessThan(500_000_000);
  });
});

describe("a file of the operator's", () => {
  const usa = { iso_code: "US", names: { en: "United States" } };
  const california = [{ iso_code: "CA", names: { en: "California" } }];
  test.each([
    {
      type: "GeoLite2-City",
      row: { country: usa, subdivisions: california },
      country: "US",
      region: "US-CA",
    },
    { type: "GeoIP2-City", row: { country: usa }, country: "US", region: "" },
    {
      type: "GeoIP2-City-North-America",
      row: { country: usa, subdivisions: california },
      country: "US",
      region: "US-CA",
    },
    {
      type: "GeoIP2-Enterprise",
      row: { country: usa, subdivisions: california },
      country: "US",
      region: "US-CA",
    },
    { type: "GeoLite2-Country", row: { country: usa }, country: "US", region: "" },
    { type: "DBIP-Country-Lite", row: { country: usa }, country: "US", region: "" },
    {
      type: "DBIP-City-Lite (ISO codes left out)",
      row: { country: usa, subdivisions: [{ names: { en: "California" } }] },
      country: "US",
      region: "",
    },
    {
      type: "DBIP-Location (compat)",
      row: { country: usa, subdivisions: california },
      country: "US",
      region: "US-CA",
    },
    {
      type: "ipinfo generic_country",
      row: { country: "US", country_name: "United States" },
      country: "US",
      region: "",
    },
    { type: "geo-whois-asn-country", row: { country_code: "us" }, country: "US", region: "" },
    { type: "without a country", row: { country_code: "None", asn: 64_500 }, country: "", region: "" },
  ])("$type", ({ type, row, country, region }) => {
    const table = openGeoTable(
      written(`${type.replaceAll(/\W/g, "-")}.mmdb`, mmdbFile(type, { "1.2.3.0/24": row, "2400::/12": row })),
    );
    for (const address of ["1.2.3.4", "::ffff:1.2.3.200", "2400:cb00::1"]) {
      expect(table.lookup(address)).toEqual({ country, region });
    }
    for (const address of ["1.2.4.1", "2a00::1", "127.0.0.1", "nonsense"]) {
      expect(table.lookup(address)).toEqual({ country: "", region: "" });
    }
  });

  test.each([
    { name: "missing", file: () => join(directory, "missing.mmdb") },
    { name: "empty", file: () => written("empty.mmdb", "") },
    { name: "not a database", file: () => written("text.mmdb", "hello".repeat(100)) },
    { name: "cut off", file: () => written("cut.mmdb", mmdbFile("GeoLite2-City", {}).subarray(0, 60)) },
    { name: "a directory", file: () => directory },
  ])("$name: the error names the file", ({ file }) => {
    const path = file();
    expect(() => openGeoTable(path)).toThrow(`The geo database ${path} cannot be read`);
  });
});
