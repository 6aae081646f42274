import { expect, test } from "bun:test";
import { rememberLast } from "./remember-last.ts";

test("the same text again is not asked again, another one is", () => {
  const asked: Array<string> = [];
  const answer = rememberLast((text) => {
    asked.push(text);
    return text.toUpperCase();
  });
  expect(["a", "a", "b", "a", "", ""].map(answer)).toEqual(["A", "A", "B", "A", "", ""]);
  expect(asked).toEqual(["a", "b", "a", ""]);
});

test("an answer of undefined is remembered like every other", () => {
  let asked = 0;
  const answer = rememberLast(() => {
    asked++;
    return undefined;
  });
  expect([answer("a"), answer("a")]).toEqual([undefined, undefined]);
  expect(asked).toBe(1);
});
