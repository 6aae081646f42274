import { expect, test } from "bun:test";
import { Duration, Effect, Exit, Fiber } from "effect";
import fc from "fast-check";
import { type EventQueueShape, makeEventQueue, type QueuedRows } from "./event-queue.ts";

const rowsOf = (count: number, bytes = count): QueuedRows => ({ count, rows: Buffer.alloc(bytes) });

const on = <A, E>(capacity: number, use: (queue: EventQueueShape) => Effect.Effect<A, E>) =>
  Effect.runPromise(Effect.flatMap(makeEventQueue(capacity), use));

const isRefused = (offer: Effect.Effect<void, unknown>) =>
  Effect.map(Effect.exit(offer), (exit) => Exit.isFailure(exit));

test("what is offered is taken in order, all of it at once", () =>
  on(100, (queue) =>
    Effect.gen(function* () {
      const offered = [rowsOf(1), rowsOf(5), rowsOf(3)];
      yield* Effect.forEach(offered, queue.offer);
      expect(queue.length()).toBe(9);
      expect(yield* queue.takeAll).toEqual(offered);
    }),
  ));

test("what is taken still counts until it is stored", () =>
  on(10, (queue) =>
    Effect.gen(function* () {
      yield* queue.offer(rowsOf(10));
      const taken = (yield* queue.takeAll) ?? [];
      expect(queue.length()).toBe(10);
      expect(yield* isRefused(queue.offer(rowsOf(1)))).toBe(true);
      queue.release(taken);
      expect(queue.length()).toBe(0);
      yield* queue.offer(rowsOf(10));
    }),
  ));

test("a request that does not fit is refused whole, with the time after which to try again", () =>
  on(10, (queue) =>
    Effect.gen(function* () {
      yield* queue.offer(rowsOf(8));
      const failure = yield* Effect.flip(queue.offer(rowsOf(3)));
      expect(failure._tag).toBe("QueueFull");
      expect(failure.retryAfterSeconds).toBeGreaterThan(0);
      expect(queue.length()).toBe(8);
      yield* queue.offer(rowsOf(2));
      expect(queue.length()).toBe(10);
      expect(yield* isRefused(queue.expectRoom)).toBe(true);
    }),
  ));

test("large rows count for as many as they fill KiB, so the memory is bounded too", () =>
  on(100, (queue) =>
    Effect.gen(function* () {
      yield* queue.offer(rowsOf(1, 99 * 1024));
      expect(yield* isRefused(queue.offer(rowsOf(1, 1025)))).toBe(true);
      yield* queue.offer(rowsOf(1, 1024));
      queue.release((yield* queue.takeAll) ?? []);
      yield* queue.offer(rowsOf(100, 1));
    }),
  ));

test("the memory of rows is given back once: when they are stored, or when they are refused", () =>
  on(10, (queue) =>
    Effect.gen(function* () {
      const freed: Array<string> = [];
      const named = (name: string, count: number) => ({
        ...rowsOf(count),
        free: () => void freed.push(name),
      });
      yield* queue.offer(named("stored", 8));
      yield* Effect.flip(queue.offer(named("refused", 8)));
      expect(freed).toEqual(["refused"]);
      const taken = (yield* queue.takeAll) ?? [];
      expect(freed).toEqual(["refused"]);
      queue.release(taken);
      expect(freed).toEqual(["refused", "stored"]);
    }),
  ));

test("after the end nothing is taken any more, and what is there can still be had", () =>
  on(10, (queue) =>
    Effect.gen(function* () {
      yield* queue.offer(rowsOf(1));
      yield* queue.end;
      expect(yield* isRefused(queue.offer(rowsOf(1)))).toBe(true);
      expect(yield* isRefused(queue.expectRoom)).toBe(true);
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

test("gathering ends with enough rows, with the time, or with the queue", () =>
  on(100, (queue) =>
    Effect.gen(function* () {
      const gathered = (count: number, ms: number) =>
        Effect.map(Effect.timed(queue.gather(count, Duration.millis(ms))), ([elapsed]) =>
          Duration.toMillis(elapsed),
        );
      yield* queue.offer(rowsOf(5));
      expect(yield* gathered(5, 5000)).toBeLessThan(1000);
      expect(yield* gathered(6, 30)).toBeGreaterThanOrEqual(25);
      const waiting = yield* Effect.fork(gathered(8, 5000));
      yield* Effect.yieldNow();
      yield* queue.offer(rowsOf(2));
      yield* queue.offer(rowsOf(1));
      expect(yield* Fiber.join(waiting)).toBeLessThan(1000);
      const unsatisfied = yield* Effect.fork(gathered(1000, 5000));
      yield* Effect.yieldNow();
      yield* queue.end;
      expect(yield* Fiber.join(unsatisfied)).toBeLessThan(1000);
    }),
  ));

test("a taker that is interrupted takes nothing with it", () =>
  on(1_000_000, (queue) =>
    Effect.gen(function* () {
      let taken = 0;
      for (let turn = 0; turn < 500; turn++) {
        const taker = yield* Effect.fork(queue.takeAll);
        yield* Effect.yieldNow();
        yield* queue.offer(rowsOf(1));
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
          const accepted: Array<QueuedRows> = [];
          const seen: Array<QueuedRows> = [];
          let held: ReadonlyArray<QueuedRows> = [];
          const length = (list: ReadonlyArray<QueuedRows>) => list.reduce((sum, { count }) => sum + count, 0);
          for (const what of steps) {
            const waiting = length(accepted) - length(seen);
            if (typeof what === "object") {
              const rows = rowsOf(what.offer);
              const refused = yield* isRefused(queue.offer(rows));
              expect(refused).toBe(waiting + length(held) + what.offer > 100);
              if (!refused) accepted.push(rows);
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
