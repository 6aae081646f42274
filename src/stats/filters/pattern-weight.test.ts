import { expect, test } from "bun:test";
import { endsInBackslash, patternWeight } from "./pattern-weight.ts";

test.each([
  ["", 0],
  ["/post/", 0],
  ["^/post/\\d+$", 1],
  ["a|b|c", 0],
  ["(a|b|c)?", 3],
  ["a?b*c+", 3],
  [".*", 1],
  [".{1000}", 1000],
  ["a{3}", 3],
  ["a{3,}", 4],
  ["a{3,7}", 7],
  ["a{,7}", 0],
  ["(ab){100}", 200],
  ["(?:ab|[cd]){100}", 300],
  ["((a{10}){10}){10}", 1000],
  ["(.?){30}x", 30],
  ["[]a]{5}", 5],
  ["[^]a]{5}", 5],
  ["[[:alpha:]]{2}", 6],
  ["[a\\]]{5}", 5],
  ["\\pL\\p{Greek}", 6],
  ["(\\pL?\\pN?){40}", 240],
  ["\\{5}", 0],
  ["\\x{1F989}{5}", 5],
  ["\\({5}", 5],
  ["\\Q.{500}\\E", 0],
  ["(?i)abc", 0],
  ["(?P<name>a.){2}", 4],
  ["(?i:a.){2}", 4],
  ["(.{3}", 3],
  [")).{3}", 3],
  ["[a-z", 0],
  ["🦉{4}", 4],
])("%j is at %p places at once", (pattern, weight) => {
  expect(patternWeight(pattern)).toBe(weight);
});

test.each([
  ["a\\", true],
  ["\\", true],
  ["a\\\\", false],
  ["a\\\\\\", true],
  ["\\a", false],
  ["", false],
])("%j ends in a backslash that escapes nothing: %p", (pattern, ends) => {
  expect(endsInBackslash(pattern)).toBe(ends);
});
