import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { clientAddress, parseTrustedProxies } from "./client-address.ts";

describe("trusted proxies", () => {
  test.each([
    { setting: "", trusted: [], other: ["127.0.0.1", "::1", "10.0.0.1", ""] },
    { setting: "10.0.0.1", trusted: ["10.0.0.1"], other: ["10.0.0.2", "::1"] },
    { setting: "10.0.0.0/8", trusted: ["10.0.0.0", "10.255.255.255"], other: ["11.0.0.0", "9.255.255.255"] },
    { setting: "192.0.2.128/25", trusted: ["192.0.2.128", "192.0.2.255"], other: ["192.0.2.127"] },
    { setting: "0.0.0.0/0", trusted: ["8.8.8.8"], other: ["2001:db8::1"] },
    { setting: "::/0", trusted: ["2001:db8::1"], other: [] },
    { setting: "2001:db8::/32", trusted: ["2001:db8:ffff::1"], other: ["2001:db9::1", "10.0.0.1"] },
    { setting: "2001:DB8:0:0::1", trusted: ["2001:db8::1"], other: ["2001:db8::2"] },
    { setting: "::ffff:10.0.0.0/104", trusted: ["10.9.9.9"], other: ["11.0.0.1"] },
    { setting: "loopback", trusted: ["127.0.0.1", "127.9.9.9", "::1"], other: ["10.0.0.1", "128.0.0.1"] },
    {
      setting: "private",
      trusted: [
        "10.1.1.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "fd00::1",
        "fe80::1",
      ],
      other: ["172.32.0.1", "8.8.8.8", "127.0.0.1", "2001:db8::1"],
    },
    { setting: " Loopback , 192.0.2.7,, ", trusted: ["127.0.0.1", "192.0.2.7"], other: ["192.0.2.8"] },
  ])("$setting", ({ setting, trusted, other }) => {
    const proxies = parseTrustedProxies(setting);
    expect(trusted.filter((address) => !proxies.trusts(address))).toEqual([]);
    expect(other.filter((address) => proxies.trusts(address))).toEqual([]);
    expect(proxies.any).toBe(setting !== "");
  });

  test.each([
    ...[
      "localhost",
      "10.0.0.0/33",
      "10.0.0.0/",
      "10.0.0.0/-1",
      "10.0.0.0/8/8",
      "10.0.0.256",
      "10.0.0",
      "::1/129",
      "fe80::1%eth0",
    ],
    ...["*", "true", "toString", "constructor", "proxy.example.org", "10.0.0.1:80", "::ffff:10.0.0.0/8"],
  ])("%s is refused with its name", (entry) => {
    expect(() => parseTrustedProxies(`10.0.0.1, ${entry}`)).toThrow(`TRUSTED_PROXIES: "${entry}"`);
  });
});

describe("the client's address", () => {
  const xff = "x-forwarded-for";
  test.each([
    { name: "no headers", peer: "10.0.0.1", headers: {}, want: "10.0.0.1" },
    {
      name: "a stranger's header is not believed",
      peer: "203.0.113.5",
      headers: { [xff]: "1.1.1.1" },
      want: "203.0.113.5",
    },
    {
      name: "nor its X-Real-IP",
      peer: "203.0.113.5",
      headers: { "x-real-ip": "1.1.1.1" },
      want: "203.0.113.5",
    },
    { name: "one proxy", peer: "10.0.0.1", headers: { [xff]: "1.1.1.1" }, want: "1.1.1.1" },
    {
      name: "a peer written as IPv6",
      peer: "::ffff:10.0.0.1",
      headers: { [xff]: "1.1.1.1" },
      want: "1.1.1.1",
    },
    { name: "two proxies", peer: "10.0.0.1", headers: { [xff]: "1.1.1.1, 10.0.0.2" }, want: "1.1.1.1" },
    {
      name: "what the client wrote itself",
      peer: "10.0.0.1",
      headers: { [xff]: "6.6.6.6, 1.1.1.1, 10.0.0.2" },
      want: "1.1.1.1",
    },
    {
      name: "a client that claims to be a proxy",
      peer: "10.0.0.1",
      headers: { [xff]: "10.0.0.9, 1.1.1.1" },
      want: "1.1.1.1",
    },
    { name: "all trusted", peer: "10.0.0.1", headers: { [xff]: "10.0.0.3, 10.0.0.2" }, want: "10.0.0.3" },
    { name: "a port", peer: "10.0.0.1", headers: { [xff]: "1.1.1.1:5555" }, want: "1.1.1.1" },
    { name: "IPv6", peer: "10.0.0.1", headers: { [xff]: "2001:DB8::0001" }, want: "2001:db8::1" },
    {
      name: "IPv6 with brackets and port",
      peer: "10.0.0.1",
      headers: { [xff]: "[2001:db8::1]:5555" },
      want: "2001:db8::1",
    },
    { name: "IPv4-mapped", peer: "10.0.0.1", headers: { [xff]: "::ffff:1.1.1.1" }, want: "1.1.1.1" },
    { name: "quotes", peer: "10.0.0.1", headers: { [xff]: '"1.1.1.1"' }, want: "1.1.1.1" },
    {
      name: "no spaces, empty entries",
      peer: "10.0.0.1",
      headers: { [xff]: "1.1.1.1,,10.0.0.2, " },
      want: "1.1.1.1",
    },
    {
      name: "rubbish at the right",
      peer: "10.0.0.1",
      headers: { [xff]: "1.1.1.1, unknown" },
      want: "10.0.0.1",
    },
    {
      name: "rubbish behind a proxy",
      peer: "10.0.0.1",
      headers: { [xff]: "1.1.1.1, <x>, 10.0.0.2" },
      want: "10.0.0.2",
    },
    {
      name: "rubbish left of the client",
      peer: "10.0.0.1",
      headers: { [xff]: "<x>, 1.1.1.1" },
      want: "1.1.1.1",
    },
    { name: "empty", peer: "10.0.0.1", headers: { [xff]: "" }, want: "10.0.0.1" },
    {
      name: "Forwarded",
      peer: "10.0.0.1",
      headers: { forwarded: "for=1.1.1.1;proto=https;by=10.0.0.1" },
      want: "1.1.1.1",
    },
    {
      name: "Forwarded with quotes, IPv6 and port",
      peer: "10.0.0.1",
      headers: { forwarded: 'for=6.6.6.6, proto=http; For="[2001:db8::1]:47"; host="a,b", for=10.0.0.2' },
      want: "2001:db8::1",
    },
    {
      name: "Forwarded, hidden",
      peer: "10.0.0.1",
      headers: { forwarded: "for=1.1.1.1, for=_hidden" },
      want: "10.0.0.1",
    },
    {
      name: "Forwarded, unknown",
      peer: "10.0.0.1",
      headers: { forwarded: "for=unknown, for=10.0.0.2" },
      want: "10.0.0.2",
    },
    {
      name: "Forwarded without for",
      peer: "10.0.0.1",
      headers: { forwarded: "proto=https" },
      want: "10.0.0.1",
    },
    {
      name: "a quoted for= is no hop",
      peer: "10.0.0.1",
      headers: { forwarded: 'for=1.1.1.1;host="x;for=6.6.6.6"' },
      want: "1.1.1.1",
    },
    {
      name: "both lists: the one that proxies write",
      peer: "10.0.0.1",
      headers: { forwarded: "for=6.6.6.6", [xff]: "1.1.1.1" },
      want: "1.1.1.1",
    },
    { name: "X-Real-IP alone", peer: "10.0.0.1", headers: { "x-real-ip": " 1.1.1.1 " }, want: "1.1.1.1" },
    {
      name: "X-Real-IP beside a list",
      peer: "10.0.0.1",
      headers: { "x-real-ip": "6.6.6.6", [xff]: "1.1.1.1" },
      want: "1.1.1.1",
    },
    { name: "X-Real-IP, rubbish", peer: "10.0.0.1", headers: { "x-real-ip": "me" }, want: "10.0.0.1" },
    { name: "a peer without an address", peer: "", headers: { [xff]: "1.1.1.1" }, want: "" },
  ])("$name", ({ peer, headers, want }) => {
    const given = new Headers(headers as Record<string, string>);
    expect(clientAddress(given, peer, parseTrustedProxies("10.0.0.0/8"))).toBe(want);
  });

  test("whatever a client writes, the address is the one its first trusted proxy saw", () => {
    const proxies = parseTrustedProxies("private");
    const text = fc.string({
      unit: fc.constantFrom(...'0123456789abcdef.:,[]" ;=x%'.split("")),
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, fc.ipV4(), fc.nat(3), (written, client, hops) => {
        fc.pre(!proxies.trusts(client));
        const list = [written, client, ...new Array<string>(hops).fill("10.0.0.2")].join(", ");
        expect(clientAddress(new Headers({ "x-forwarded-for": list }), "10.0.0.1", proxies)).toBe(client);
        expect(clientAddress(new Headers({ "x-forwarded-for": list }), client, proxies)).toBe(client);
        const noProxies = parseTrustedProxies("");
        expect(clientAddress(new Headers({ "x-forwarded-for": list }), "10.0.0.1", noProxies)).toBe(
          "10.0.0.1",
        );
      }),
    );
  });

  test("a header of any length is read in no time", () => {
    const proxies = parseTrustedProxies("private");
    for (const part of ["10.0.0.2,", "for=10.0.0.2,", '"', "[", ",", "for=", ";"]) {
      const header = part.repeat(20_000);
      const start = Bun.nanoseconds();
      clientAddress(new Headers({ "x-forwarded-for": header }), "10.0.0.1", proxies);
      clientAddress(new Headers({ forwarded: header }), "10.0.0.1", proxies);
      expect(Bun.nanoseconds() - start).toBeLessThan(200_000_000);
    }
  });
});
