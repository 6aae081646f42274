import { expect, test } from "bun:test";
import { IdHash, randomKey } from "./id-hash.ts";

const hashOf = (hash: IdHash, project: string, id: string): readonly [low: number, high: number] => {
  hash.of(project, id);
  return [hash.low, hash.high];
};

test("is the beginning of SHA-256, so that others can compute it", () => {
  const text = Buffer.from("keyproject\0ü 𝒳 'id'");
  const digest = Buffer.from(new Bun.CryptoHasher("sha256").update(text).digest());
  expect(hashOf(new IdHash("key"), "project", "ü 𝒳 'id'")).toEqual([
    digest.readInt32LE(0),
    digest.readInt32LE(4),
  ]);
});

test("is the same for the same id, whatever was hashed between, and another with another key", () => {
  const hash = new IdHash(randomKey());
  const first = hashOf(hash, "p", "id");
  hashOf(hash, "p", "x".repeat(100_000));
  expect(hashOf(hash, "p", "id")).toEqual(first);
  expect(hashOf(new IdHash(hash.key), "p", "id")).toEqual(first);
  expect(hashOf(new IdHash(randomKey()), "p", "id")).not.toEqual(first);
});

test("is another for ids that look or are written alike", () => {
  const pairs = [
    ["p", "id"],
    ["pi", "d"],
    ["", "pid"],
    ["p", "id "],
    ["p", "ID"],
    ["p", "İD"],
    ["p", "i\u0301d"],
    ["p", "íd"],
    ["p", "id\\0"],
    ["p", "𝒳"],
    ["p", "x".repeat(128)],
    ["p", "x".repeat(127)],
    ["p", `${"x".repeat(100_000)}a`],
    ["p", `${"x".repeat(100_000)}b`],
  ] as const;
  const hash = new IdHash(randomKey());
  const hashes = new Set(pairs.map(([project, id]) => hashOf(hash, project, id).join(" ")));
  expect(hashes.size).toBe(pairs.length);
});

test("uses all its bits", () => {
  const hash = new IdHash(randomKey());
  const ones = new Uint32Array(64);
  const count = 20_000;
  for (let n = 0; n < count; n++) {
    const [low, high] = hashOf(hash, "p", `${n}`);
    for (let bit = 0; bit < 32; bit++) {
      ones[bit] = (ones[bit] as number) + ((low >>> bit) & 1);
      ones[bit + 32] = (ones[bit + 32] as number) + ((high >>> bit) & 1);
    }
  }
  // Seven standard deviations.
  for (const n of ones) expect(Math.abs(n - count / 2)).toBeLessThan(7 * Math.sqrt(count / 4));
});
