import { expect, test } from "bun:test";
import { draftOf, receivedAt, testContext } from "../../testing/service/ingest-context.ts";
import { putTime } from "./time.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

const iso = (ms: number) => new Date(ms).toISOString();

const put = (occurred_at: string | number | null | undefined, clockSkewMs = 0) => {
  const draft = draftOf(occurred_at === undefined ? {} : { occurred_at });
  const drop = putTime(draft, testContext({ clockSkewMs }));
  return drop === undefined ? draft.occurredAt - receivedAt : drop.code;
};

type Row = readonly [name: string, sent: string | number | null | undefined, skew: number, expected: unknown];

const rows: ReadonlyArray<Row> = [
  ["no time is the time of arrival", undefined, 0, 0],
  ["null is the time of arrival", null, 0, 0],
  ["no time is the time of arrival also when the sender's clock is wrong", undefined, 3 * DAY, 0],
  ["milliseconds are kept", receivedAt - 1, 0, -1],
  ["a fraction of a millisecond is cut off", receivedAt - 0.5, 0, -1],
  ["ISO 8601 in UTC", iso(receivedAt - MINUTE), 0, -MINUTE],
  ["ISO 8601 with an offset", "2026-11-21T13:59:00.250+02:00", 0, 250 - MINUTE],
  ["a clock that is an hour slow is put right", receivedAt - 60 * MINUTE - 5, 60 * MINUTE, -5],
  ["a clock that is two days fast is put right", receivedAt + 2 * DAY - 5, -2 * DAY, -5],
  ["five minutes ahead are believed", receivedAt + 5 * MINUTE, 0, 5 * MINUTE],
  ["more is now", receivedAt + 5 * MINUTE + 1, 0, 0],
  ["the year 9999 is now", "9999-12-31T23:59:59Z", 0, 0],
  ["the end of time is now", 8.64e15, 0, 0],
  ["90 days ago is taken", receivedAt - 90 * DAY, 0, -90 * DAY],
  ["a millisecond more is too old", receivedAt - 90 * DAY - 1, 0, "too_old"],
  ["1970 is too old", 0, 0, "too_old"],
  ["the corrected time decides what is too old", receivedAt - 100 * DAY, 20 * DAY, -80 * DAY],
  ["seconds since 1970 are too old to be milliseconds", receivedAt / 1000, 0, "too_old"],
  ["a day that does not exist", "2026-02-30T12:00:00Z", 0, "invalid_time"],
  ["no text of ISO 8601", "yesterday", 0, "invalid_time"],
  ["nothing at all", "", 0, "invalid_time"],
  ["before 1970", -1, 0, "invalid_time"],
  ["beyond the end of time", 8.64e15 + 1, 0, "invalid_time"],
];

test.each([...rows])("%s", (_, sent, skew, expected) => {
  expect(put(sent, skew)).toBe(expected as never);
});

test("a sender learns how long events are kept", () => {
  expect(putTime(draftOf({ occurred_at: 0 }), testContext())?.message).toBe(
    "occurred_at is older than the 90 days that events are kept.",
  );
});
