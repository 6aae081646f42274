import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { networkOf, normalAddress } from "./ip-address.ts";

describe("an address has one spelling", () => {
  test.each([
    { name: "IPv4", input: "203.0.113.9", want: "203.0.113.9" },
    { name: "IPv4-mapped, dotted", input: "::ffff:203.0.113.9", want: "203.0.113.9" },
    { name: "IPv4-mapped, hex and upper case", input: "::FFFF:CB00:7109", want: "203.0.113.9" },
    { name: "IPv4-mapped, written out", input: "0:0:0:0:0:ffff:cb00:7109", want: "203.0.113.9" },
    { name: "IPv6 written out", input: "2001:0DB8:0000:0000:0000:0000:0000:0001", want: "2001:db8::1" },
    { name: "the longest zero run is folded", input: "2001:0:0:1:0:0:0:1", want: "2001:0:0:1::1" },
    {
      name: "the first of two equal runs is folded",
      input: "2001:db8:0:0:1:0:0:1",
      want: "2001:db8::1:0:0:1",
    },
    { name: "a single zero group stays", input: "2001:db8:0:1:1:1:1:1", want: "2001:db8:0:1:1:1:1:1" },
    { name: "unspecified", input: "::", want: "::" },
    { name: "loopback", input: "::1", want: "::1" },
    { name: "trailing zeros", input: "2001:db8::", want: "2001:db8::" },
    { name: "zone", input: "fe80::1%eth0", want: "fe80::1" },
    { name: "IPv4 has no zone", input: "1.2.3.4%eth0", want: "" },
    { name: "empty", input: "", want: "" },
    { name: "a name", input: "localhost", want: "" },
    { name: "a port", input: "1.2.3.4:80", want: "" },
    { name: "too large", input: "1.2.3.256", want: "" },
    { name: "short IPv4", input: "127.1", want: "" },
  ])("$name", ({ input, want }) => {
    expect(normalAddress(input)).toBe(want);
  });

  test("normalizing twice changes nothing, and every spelling ends in the same place", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const once = normalAddress(address);
        expect(once).not.toBe("");
        expect(normalAddress(once)).toBe(once);
        expect(normalAddress(address.toUpperCase())).toBe(once);
      }),
    );
  });
});

describe("a network hides the host", () => {
  test.each([
    { name: "IPv4 /24", input: "203.0.113.9", want: "203.0.113.0/24" },
    { name: "IPv4-mapped", input: "::ffff:203.0.113.77", want: "203.0.113.0/24" },
    { name: "IPv6 /48", input: "2001:db8:aaaa:bbbb:1:2:3:4", want: "2001:db8:aaaa::/48" },
    { name: "IPv6 short", input: "2001:db8::1", want: "2001:db8::/48" },
    { name: "nothing", input: "unknown", want: "" },
  ])("$name", ({ input, want }) => {
    expect(networkOf(input)).toBe(want);
  });
});
