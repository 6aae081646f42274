import { expect, test } from "bun:test";
import { Effect, Exit, Fiber } from "effect";
import fc from "fast-check";
import { type EventQueue, makeEventQueue, type WaitingRows } from "./event-queue.ts";

const rowsOf = (count: number, length = count): WaitingRows => ({
  count,
  rows: new Uint8Array(length),
  settle: () => {},
});

const on = <A, E>(capacity: number, use: (queue: EventQueue) => Effect.Effect<A, E>) =>
  Effect.runPromise(Effect.flatMap(makeEventQueue(capacity), use));

test("what is offered is taken in order, all of it at once", () =>
  on(100, (queue) =>
    Effect.gen(function* () {
      const offered = [rowsOf(1), rowsOf(5), rowsOf(3)];
      for (const waiting of offered) expect(queue.offer(waiting)).toBe(true);
      expect([queue.length(), queue.size()]).toEqual([9, 3]);
      expect(yield* queue.takeAll).toEqual(offered);
      expect(queue.size()).toBe(0);
    }),
  ));

test("what is taken still counts until it is released", () =>
  on(10, (queue) =>
    Effect.gen(function* () {
      queue.offer(rowsOf(10));
      const taken = (yield* queue.takeAll) ?? [];
      expect(queue.length()).toBe(10);
      expect([queue.hasRoom(), queue.offer(rowsOf(1))]).toEqual([false, false]);
      queue.release(taken);
      expect(queue.length()).toBe(0);
      expect([queue.hasRoom(), queue.offer(rowsOf(10))]).toEqual([true, true]);
    }),
  ));

test("a request that does not fit is refused whole", () =>
  on(10, (queue) =>
    Effect.sync(() => {
      expect(queue.offer(rowsOf(8))).toBe(true);
      expect(queue.offer(rowsOf(3))).toBe(false);
      expect([queue.length(), queue.hasRoom()]).toEqual([8, true]);
      // Told beforehand, for those who know how many will come.
      expect([queue.hasRoom(2), queue.hasRoom(3)]).toEqual([true, false]);
      expect(queue.offer(rowsOf(2))).toBe(true);
      expect([queue.length(), queue.hasRoom()]).toEqual([10, false]);
    }),
  ));

test("large rows count for as many as they fill KiB, so the memory is bounded too", () =>
  on(100, (queue) =>
    Effect.gen(function* () {
      expect(queue.offer(rowsOf(1, 99 * 1024))).toBe(true);
      expect(queue.offer(rowsOf(1, 1025))).toBe(false);
      expect(queue.offer(rowsOf(1, 1024))).toBe(true);
      queue.release((yield* queue.takeAll) ?? []);
      expect(queue.offer(rowsOf(100, 1))).toBe(true);
    }),
  ));

test("after the end nothing is taken any more, and what is there can still be had", () =>
  on(10, (queue) =>
    Effect.gen(function* () {
      queue.offer(rowsOf(1));
      yield* queue.end;
      expect([queue.hasRoom(), queue.offer(rowsOf(1))]).toEqual([false, false]);
      expect(yield* queue.takeAll).toHaveLength(1);
      expect(yield* queue.takeAll).toBeUndefined();
    }),
  ));

test("a taker that waits is told of the end", () =>
  on(10, (queue) =>
    Effect.gen(function* () {
      const taker = yield* Effect.fork(queue.takeAll);
      yield* Effect.yieldNow();
      yield* queue.end;
      expect(yield* Fiber.join(taker)).toBeUndefined();
    }),
  ));

test("a taker that is interrupted takes nothing with it", () =>
  on(1_000_000, (queue) =>
    Effect.gen(function* () {
      let taken = 0;
      for (let turn = 0; turn < 500; turn++) {
        const taker = yield* Effect.fork(queue.takeAll);
        yield* Effect.yieldNow();
        queue.offer(rowsOf(1));
        const exit = yield* Fiber.interrupt(taker);
        if (Exit.isSuccess(exit)) taken += exit.value?.length ?? 0;
      }
      yield* queue.end;
      expect(taken + ((yield* queue.takeAll)?.length ?? 0)).toBe(500);
    }),
  ));

test("any offers and takes: nothing is lost, nothing doubled, the bound holds", async () => {
  const step = fc.oneof(
    fc.integer({ min: 1, max: 40 }).map((count) => ({ offer: count })),
    fc.constantFrom("take", "release"),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) =>
      on(100, (queue) =>
        Effect.gen(function* () {
          const accepted: Array<WaitingRows> = [];
          const seen: Array<WaitingRows> = [];
          let held: ReadonlyArray<WaitingRows> = [];
          const length = (list: ReadonlyArray<WaitingRows>) =>
            list.reduce((sum, { count }) => sum + count, 0);
          for (const what of steps) {
            const waiting = length(accepted) - length(seen);
            if (typeof what === "object") {
              const rows = rowsOf(what.offer);
              const taken = queue.offer(rows);
              expect(taken).toBe(waiting + length(held) + what.offer <= 100);
              if (taken) accepted.push(rows);
            } else if (what === "release") {
              queue.release(held);
              held = [];
            } else if (waiting > 0) {
              const taken = (yield* queue.takeAll) ?? [];
              seen.push(...taken);
              held = [...held, ...taken];
            }
            expect(queue.length()).toBe(length(accepted) - length(seen) + length(held));
          }
          yield* queue.end;
          seen.push(...((yield* queue.takeAll) ?? []));
          expect(seen.map((rows) => accepted.indexOf(rows))).toEqual(accepted.map((_, place) => place));
        }),
      ),
    ),
  );
});
