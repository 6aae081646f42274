import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { normalAddress } from "../../ingest/ip-address.ts";
import { senderNetwork } from "./sender-network.ts";

const network = (address: string) => senderNetwork(normalAddress(address));

const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
const groups = (count: number) => fc.array(group, { minLength: count, maxLength: count });
const textOf = (all: ReadonlyArray<number>) => all.map((one) => one.toString(16)).join(":");

describe("a sender is", () => {
  test("an IPv4 address, however it is written", () => {
    expect(network("203.0.113.9")).toBe(network("::ffff:203.0.113.9"));
    expect(network("203.0.113.9")).not.toBe(network("203.0.113.10"));
  });

  test("the /64 network of an IPv6 address: its last 64 bits never matter, every one of the first does", () => {
    fc.assert(
      fc.property(groups(4), groups(4), groups(4), fc.nat(63), (prefix, one, other, bit) => {
        // A translator's network, and what is an IPv4 address after all.
        fc.pre(textOf(prefix) !== "64:ff9b:0:0" && textOf(prefix) !== "0:0:0:0");
        const own = network(textOf([...prefix, ...one]));
        expect(network(textOf([...prefix, ...other]))).toBe(own);
        const next = prefix.map((value, at) => (at === bit >> 4 ? value ^ (1 << (bit & 15)) : value));
        fc.pre(textOf(next) !== "64:ff9b:0:0" && textOf(next) !== "0:0:0:0");
        expect(network(textOf([...next, ...one]))).not.toBe(own);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["2001:db8::1", "2001:db8::ffff:0:0:1"],
    ["2001:db8:0:1::", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1::1", "2001::1:2:3:4:5"],
    ["::1", "::2:0:0:1"],
    ["fe80::1", "fe80::2%eth0"],
  ])("the same for %s and %s", (one, other) => {
    expect(network(one)).toBe(network(other));
  });

  test.each([
    ["2001:db8::1", "2001:db8:0:1::1"],
    ["2001:db8:1::1", "2001:db8::1:0:0:0:1"],
    ["1::", "::1"],
  ])("not the same for %s and %s", (one, other) => {
    expect(network(one)).not.toBe(network(other));
  });

  test("an IPv4 address behind a translator, where all have one /64", () => {
    expect(network("64:ff9b::203.0.113.9")).toBe(network("64:ff9b::cb00:7109"));
    expect(network("64:ff9b::203.0.113.9")).not.toBe(network("64:ff9b::203.0.113.10"));
    expect(network("64:ff9b:0:0:1::")).toBe(network("64:ff9b:0:0:1::5"));
  });

  test("all whose address is not known", () => {
    expect(senderNetwork("")).toBe("");
  });
});
