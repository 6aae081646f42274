import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { openVisitorKeys, type VisitorKeys } from "./visitor.ts";

const root = mkdtempSync(join(tmpdir(), "footfall-visitor-"));
afterAll(() => rmSync(root, { recursive: true }));

const hour = 3_600_000;
const noon = Date.parse("2026-03-10T12:00:00Z");
const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0";

let count = 0;
const place = (): string => join(root, `data-${count++}`);
const fileIn = (directory: string): string => join(directory, "visitor-keys.json");
const saltsIn = (directory: string): string[] =>
  Object.keys(JSON.parse(readFileSync(fileIn(directory), "utf8")).salts);
const cookieless = (keys: VisitorKeys, address = "203.0.113.9", at?: number): string =>
  keys.cookielessVisitor("p", "example.org", address, agent, at);

const opened = (directory = place(), start = noon) => {
  const clock = { time: start };
  const keys = openVisitorKeys(directory, () => clock.time);
  return { clock, keys, directory };
};

describe("a client's own id", () => {
  test("is the same visitor after a restart, and another one in another project or installation", () => {
    const { keys, directory } = opened();
    const visitor = keys.clientVisitor("p", "id-1");
    expect(keys.clientVisitor("p", "id-1")).toBe(visitor);
    expect(opened(directory, noon + 1000 * 24 * hour).keys.clientVisitor("p", "id-1")).toBe(visitor);
    expect(keys.clientVisitor("q", "id-1")).not.toBe(visitor);
    expect(keys.clientVisitor("p", "id-2")).not.toBe(visitor);
    expect(keys.session("p", "id-1")).not.toBe(visitor);
    expect(keys.session("p", "id-1")).toBe(opened(directory).keys.session("p", "id-1"));
    expect(opened().keys.clientVisitor("p", "id-1")).not.toBe(visitor);
  });

  test("any text becomes an unsigned 64-bit number other than 0, the same each time", () => {
    const { keys } = opened();
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (id) => {
        for (const number of [keys.clientVisitor("p", id), keys.session("p", id)]) {
          expect(number).toMatch(/^[1-9]\d*$/);
          expect(BigInt(number)).toBeLessThan(2n ** 64n);
        }
        expect(keys.clientVisitor("p", id)).toBe(keys.clientVisitor("p", id));
      }),
    );
  });
});

describe("a visitor without an id", () => {
  const { keys } = opened();
  const visitor = cookieless(keys);
  const address = "203.0.113.9";
  test.each([
    { name: "the same again", got: () => cookieless(keys), same: true },
    { name: "a neighbour in the same /24", got: () => cookieless(keys, "203.0.113.200"), same: true },
    { name: "the address as IPv6", got: () => cookieless(keys, "::ffff:203.0.113.9"), same: true },
    { name: "another /24", got: () => cookieless(keys, "203.0.114.9"), same: false },
    { name: "no address", got: () => cookieless(keys, ""), same: false },
    {
      name: "another agent",
      got: () => keys.cookielessVisitor("p", "example.org", address, `${agent}.1`),
      same: false,
    },
    {
      name: "another site",
      got: () => keys.cookielessVisitor("p", "example.com", address, agent),
      same: false,
    },
    {
      name: "another project",
      got: () => keys.cookielessVisitor("q", "example.org", address, agent),
      same: false,
    },
    { name: "an hour later", got: () => cookieless(keys, address, noon + hour), same: true },
  ])("$name", ({ got, same }) => {
    expect(got() === visitor).toBe(same);
    expect(got() === visitor).toBe(same);
  });

  test("IPv6 addresses of one /48 are one visitor", () => {
    expect(cookieless(keys, "2001:db8:1:2::3")).toBe(cookieless(keys, "2001:db8:1:ffff::1"));
    expect(cookieless(keys, "2001:db8:1::3")).not.toBe(cookieless(keys, "2001:db8:2::3"));
  });

  test("agents that differ within 512 characters differ, later ones do not", () => {
    const of = (text: string): string => keys.cookielessVisitor("p", "example.org", address, text);
    expect(of("a".repeat(511))).not.toBe(of("a".repeat(512)));
    expect(of("a".repeat(512))).toBe(of("a".repeat(600)));
  });
});

describe("days", () => {
  test("a new UTC day makes new visitors, a restart within the day does not", () => {
    const { keys, clock, directory } = opened();
    const first = cookieless(keys);
    clock.time = Date.parse("2026-03-10T23:59:59.999Z");
    expect(cookieless(keys)).toBe(first);
    expect(cookieless(opened(directory, clock.time).keys)).toBe(first);
    clock.time += 1;
    expect(cookieless(keys)).not.toBe(first);
  });

  test("a late event of yesterday still finds yesterday's visitor, an older one does not", () => {
    const { keys, clock, directory } = opened();
    const first = cookieless(keys);
    clock.time = noon + 24 * hour;
    const second = cookieless(keys);
    expect(cookieless(keys, undefined, noon)).toBe(first);
    expect(cookieless(keys)).toBe(second);
    expect(cookieless(opened(directory, clock.time).keys, undefined, noon)).toBe(first);
    clock.time = noon + 48 * hour;
    expect(cookieless(keys, undefined, noon)).not.toBe(first);
    expect(cookieless(keys, undefined, noon)).toBe(cookieless(keys));
    expect(cookieless(keys, undefined, noon + 24 * hour)).toBe(second);
  });

  test("a salt is gone from the file and from the numbers 48 hours after its day began", () => {
    const { keys, clock, directory } = opened();
    const first = cookieless(keys);
    expect(saltsIn(directory)).toEqual(["2026-03-10"]);
    clock.time = noon + 24 * hour;
    cookieless(keys);
    expect(saltsIn(directory)).toEqual(["2026-03-10", "2026-03-11"]);
    clock.time = Date.parse("2026-03-12T00:00:00Z");
    keys.prune();
    expect(saltsIn(directory)).toEqual(["2026-03-11"]);
    clock.time = noon;
    expect(cookieless(keys)).not.toBe(first);
  });

  test("a start after a pause destroys what expired meanwhile", () => {
    const { keys, directory } = opened();
    cookieless(keys);
    const client = keys.clientVisitor("p", "id");
    const later = opened(directory, noon + 72 * hour).keys;
    expect(saltsIn(directory)).toEqual([]);
    expect(later.clientVisitor("p", "id")).toBe(client);
  });
});

describe("the file", () => {
  test("is for its owner only and holds keys, never input", () => {
    const { keys, directory } = opened();
    cookieless(keys);
    keys.clientVisitor("p", "somebody@example.com");
    expect(statSync(fileIn(directory)).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(["visitor-keys.json"]);
    expect(readFileSync(fileIn(directory), "utf8")).not.toMatch(/somebody|203\.0|Firefox/);
  });

  test.each([
    { name: "cut off", content: '{"version":1,"installa' },
    { name: "empty", content: "" },
    { name: "of another version", content: '{"version":2,"installation":"00","salts":{}}' },
    { name: "with a short key", content: '{"version":1,"installation":"00","salts":{}}' },
    {
      name: "with a wrong date",
      content: `{"version":1,"installation":"${"0".repeat(64)}","salts":{"x":"00"}}`,
    },
  ])("$name: opening fails with its name and leaves it as it is", ({ content }) => {
    const directory = place();
    mkdirSync(directory);
    writeFileSync(fileIn(directory), content);
    expect(() => opened(directory)).toThrow(`The visitor keys ${fileIn(directory)} cannot be used`);
    expect(readFileSync(fileIn(directory), "utf8")).toBe(content);
  });

  test("that cannot be written does not stop events, is reported, and is written when it can be again", () => {
    const { keys, clock, directory } = opened();
    rmSync(directory, { recursive: true });
    const visitor = cookieless(keys);
    expect(keys.problem()?.message).toContain(fileIn(directory));
    mkdirSync(directory);
    clock.time += 61_000;
    keys.prune();
    expect(keys.problem()).toBeUndefined();
    expect(cookieless(opened(directory, clock.time).keys)).toBe(visitor);
  });
});
