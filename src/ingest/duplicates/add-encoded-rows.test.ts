import { expect, test } from "bun:test";
import fc from "fast-check";
import { numberRows } from "../../store/event-row.ts";
import { encodedRows } from "../../testing/service/encoded-rows.ts";
import { addEncodedRows } from "./add-encoded-rows.ts";
import { RecentIds } from "./recent-ids.ts";

const rowsOf = (eventIds: ReadonlyArray<string>): Buffer =>
  encodedRows(eventIds.map((event_id) => ({ event_type: "a", user_id: 'a "name", [', event_id }))).rows;

test("the ids of rows as they wait are known, whatever is in them, before and after they have a number", () => {
  // What ingestion lets through: no NUL, no half of a pair.
  const id = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
    .map((text) => text.toWellFormed().replaceAll("\0", " "));
  fc.assert(
    fc.property(fc.uniqueArray(id, { minLength: 1, maxLength: 30 }), fc.boolean(), (eventIds, isNumbered) => {
      const rows = rowsOf(eventIds);
      if (isNumbered) numberRows(rows, 4711);
      const ids = new RecentIds();
      expect(addEncodedRows(ids, rows)).toBe(eventIds.length);
      expect(eventIds.filter((eventId) => !ids.has("default", eventId))).toEqual([]);
      expect(addEncodedRows(ids, rows)).toBe(0);
      expect(ids.size).toBe(eventIds.length);
    }),
    { numRuns: 200 },
  );
});

test("they are as old as their rows", () => {
  const clock = { time: Date.now() };
  const ids = new RecentIds(() => clock.time);
  const rows = rowsOf(["a", "b"]);
  clock.time += 40 * 3_600_000;
  expect(addEncodedRows(ids, rows)).toBe(2);
  clock.time += 9 * 3_600_000;
  expect(ids.size === 2 && ids.has("default", "a")).toBe(false);
  expect(addEncodedRows(ids, rows)).toBe(0);
});

test("rows that cannot be read are passed over", () => {
  const broken = ["", "not JSON", "{}", "null", "[1]", "[1,2,3,4,5,6,7]", '[1,"p","t",1,"id",5,"no time"]'];
  const whole = rowsOf(["first", "last"]).toString().split("\n");
  const rows = Buffer.from([whole[0], ...broken, whole[1], ""].join("\n"));
  const ids = new RecentIds();
  expect(addEncodedRows(ids, rows)).toBe(2);
  expect([ids.has("default", "first"), ids.has("default", "last"), ids.size]).toEqual([true, true, 2]);
});
