import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Limit } from "./limit.ts";
import { SenderTable } from "./sender-table.ts";

const MINUTE_MS = 60_000;

/** Takes a request with events from the table if both pass. */
const taker = (table: SenderTable, requests: Limit, events: Limit) => {
  return (sender: number, now: number, count: number): boolean => {
    table.load(sender, Math.imul(sender, 0x9e3779b1), now);
    if (requests.waitMs(table.requestDebt, 1) > 0 || events.waitMs(table.eventDebt, count) > 0) return false;
    table.save(requests.with(table.requestDebt, 1), events.with(table.eventDebt, count));
    return true;
  };
};

test("however many senders crowd a table of eight, nobody gets more than the limits", () => {
  const traffic = fc.array(
    fc.record({
      sender: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 40 })),
      pauseMs: fc.oneof(fc.constant(0), fc.nat(2000)),
      count: fc.oneof(fc.constant(1), fc.nat(30)),
    }),
    { maxLength: 300, size: "max" },
  );
  const rate = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20 }));
  fc.assert(
    fc.property(rate, rate, traffic, (requestRate, eventRate, all) => {
      const [requests, events] = [new Limit(requestRate), new Limit(eventRate)];
      const take = taker(new SenderTable(8, requests, events), requests, events);
      // What each sender owes in truth, by what has passed.
      const owed = new Map<number, { at: number; requests: number; events: number }>();
      let now = 0;
      for (const { sender, pauseMs, count } of all) {
        now += pauseMs;
        const before = owed.get(sender) ?? { at: now, requests: 0, events: 0 };
        const requestDebt = requests.after(before.requests, now - before.at);
        const eventDebt = events.after(before.events, now - before.at);
        if (!take(sender, now, count)) continue;
        expect([requests.waitMs(requestDebt, 1), events.waitMs(eventDebt, count)]).toEqual([0, 0]);
        owed.set(sender, {
          at: now,
          requests: requests.with(requestDebt, 1),
          events: events.with(eventDebt, count),
        });
      }
    }),
    { numRuns: 1000 },
  );
});

test("no more senders than a bucket has places are apart from each other, exactly", () => {
  const [requests, events] = [new Limit(5), new Limit(0)];
  const take = taker(new SenderTable(8, requests, events), requests, events);
  for (let round = 0; round < 5; round++) {
    for (let sender = 1; sender <= 8; sender++) expect(take(sender, 0, 1)).toBe(true);
  }
  for (let sender = 1; sender <= 8; sender++) {
    expect([take(sender, 11_999, 1), take(sender, 12_000, 1)]).toEqual([false, true]);
  }
});

test("a place is free again once its sender owes nothing", () => {
  const [requests, events] = [new Limit(5), new Limit(100)];
  const take = taker(new SenderTable(8, requests, events), requests, events);
  for (let sender = 1; sender <= 8; sender++) {
    for (let count = 0; count < 5; count++) take(sender, 0, 20);
  }
  expect(take(100, 0, 1)).toBe(false);
  for (let count = 0; count < 5; count++) expect(take(100, MINUTE_MS, 20)).toBe(true);
  expect(take(100, MINUTE_MS, 1)).toBe(false);
});

describe("ten million senders", () => {
  const [requests, events] = [new Limit(1000), new Limit(60_000)];
  const table = new SenderTable(65_536, requests, events);
  const take = taker(table, requests, events);
  const FLOOD = 10_000_000;

  test("take no more memory than one, and nobody's debt away", () => {
    expect(table.bytes).toBe(65_536 * 28);
    for (let i = 0; i < 1000; i++) take(-1, 0, 60);
    let refused = 0;
    for (let i = 0; i < FLOOD; i++) {
      // 10,000 new ones every millisecond.
      if (!take(i + 1, Math.floor(i / 10_000), 1)) refused++;
      if (i % 1_000_000 === 0) expect(take(-1, Math.floor(i / 10_000), 60_000)).toBe(false);
    }
    expect(table.bytes).toBe(65_536 * 28);
    expect([refused, take(-1, 1000, 2000)]).toEqual([0, false]);
    // Once all is paid back, nothing is left of it.
    expect(take(-1, 1000 + 2 * MINUTE_MS, 60_000)).toBe(true);
  }, 60_000);
});
