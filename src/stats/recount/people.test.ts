import { expect, test } from "bun:test";
import { blankEvent, type EventRow } from "./event-row.ts";
import { type Unlinked, withPeople } from "./people.ts";

const seen = (visitor_id: number, occurredAtMs: number, more: Partial<EventRow> = {}): EventRow => ({
  ...blankEvent,
  visitor_id,
  occurredAtMs,
  ...more,
});
const says = (visitor_id: number, user_id: string, at: number, more: Partial<EventRow> = {}): EventRow =>
  seen(visitor_id, at, { event_type: "identify", user_id, ...more });

const people = (events: ReadonlyArray<EventRow>, unlinked?: ReadonlyArray<Unlinked>) =>
  withPeople(events, unlinked).map(({ visitor_id, person }) => person ?? visitor_id);

test("who says nothing is somebody, and so is who says it as a crawler, without a name or in another event", () => {
  expect(
    people([
      seen(1, 0),
      seen(2, 0, { user_id: "a" }),
      says(3, "", 1),
      says(4, "a", 1, { is_bot: true }),
      says(5, "Undefined", 1),
    ]),
  ).toEqual([1, 2, 3, 4, 5]);
});

test("a visitor is who it said last, before and after, and of one moment the later name", () => {
  const events = [seen(1, 0), says(1, "a", 5), says(1, "b", 7), says(1, "a", 6), seen(1, 9)];
  expect(new Set(people(events))).toEqual(new Set(["user b"]));
  expect(people([says(1, "a", 5), says(1, "é", 5), says(1, "z", 5)])[0]).toBe("user é");
});

test("what was undone counts as before, until it is said again", () => {
  const events = [says(1, "a", 5), says(1, "b", 7), says(2, "b", 7), says(3, "b", 8)];
  const unlinked = [1, 2, 3].map((visitor_id) => ({ visitor_id, user_id: "b", untilMs: 7 }));
  expect(people(events, unlinked)).toEqual(["user a", "user a", 2, "user b"]);
});
