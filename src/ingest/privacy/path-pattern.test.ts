import { expect, test } from "bun:test";
import fc from "fast-check";
import { pathPattern } from "./path-pattern.ts";

test.each([
  ["/admin", "/admin", true],
  ["/admin", "/admin/", false],
  ["/admin/**", "/admin/users/7", true],
  ["/admin/**", "/admin/", true],
  ["/admin/**", "/admin", false],
  ["/admin**", "/admin", true],
  ["/admin/**", "/shop/admin/x", false],
  ["**/admin/**", "/shop/admin/x", true],
  ["/*/preview", "/post/preview", true],
  ["/*/preview", "/post/7/preview", false],
  ["/*/preview", "//preview", true],
  ["/wp-*.php", "/wp-login.php", true],
  ["/wp-*.php", "/wp-a/b.php", false],
  ["/a.c", "/abc", false],
  ["**", "/whatever/there/is", true],
  ["/Admin", "/admin", false],
  ["/u/[email]", "/u/[email]", true],
] as const)("%s fits %s: %p", (pattern, path, fits) => {
  expect(pathPattern(pattern)(path)).toBe(fits);
});

test("any pattern fits what the regular expression of the same meaning fits", () => {
  const piece = fc.constantFrom("a", "b", "/", "*", "**", "ab", ".");
  const meaning = (pattern: string) =>
    new RegExp(
      `^${pattern.replaceAll(/\*+|[^*\w/]/g, (found) => (found === "*" ? "[^/]*" : found.startsWith("*") ? ".*" : `\\${found}`))}$`,
    );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 8 }),
      fc.array(fc.constantFrom("a", "b", "/", "."), { maxLength: 10 }),
      (pieces, characters) => {
        const [pattern, path] = [pieces.join(""), characters.join("")];
        expect([pattern, path, pathPattern(pattern)(path)]).toEqual([
          pattern,
          path,
          meaning(pattern).test(path),
        ]);
      },
    ),
    { numRuns: 20_000 },
  );
});

test("a pattern full of stars on a long path takes no time", () => {
  const fits = pathPattern("**a*a*a**a*a*a**a*a*b");
  const startedAt = performance.now();
  expect(fits("a".repeat(2048))).toBe(false);
  expect(performance.now() - startedAt).toBeLessThan(1000);
});
