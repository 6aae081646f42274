import { expect, test } from "bun:test";
import { differenceLine, quoted } from "./report.ts";

test("a difference is one line, whatever senders write", () => {
  const key = {
    project_id: "default",
    site_id: "a\n\u001b[2J\u009b1m\u202e\u2028.example",
    date: "2026-01-03",
  };
  const line = differenceLine({
    table: "daily_post_stats",
    key,
    kind: "changed",
    values: [
      { name: "widget_clicks", found: "3", expected: "2" },
      { name: "unique_visitors", found: "7", expected: "7" },
    ],
  });
  expect(line).toBe(
    'daily_post_stats {"project_id":"default","site_id":"a\\n\\u001b[2J\\u009b1m\\u202e\\u2028.example","date":"2026-01-03"} differs: widget_clicks 3, raw 2; unique_visitors 7, as many as raw but others',
  );
  expect(line).toMatch(/^[\x20-\x7e]*$/);
  expect(JSON.parse(quoted(key))).toEqual(key);
});

test("a bucket with nothing to count is told as well", () => {
  expect(differenceLine({ table: "t", key: { day: "1" }, kind: "missing", values: [] })).toBe(
    't {"day":"1"} is missing',
  );
});
