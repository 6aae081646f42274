import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Fiber, Layer, Logger } from "effect";
import { testSettings } from "../testing/settings.ts";
import { DeadLetters, layerDeadLetters } from "./dead-letters.ts";

const directory = mkdtempSync(join(tmpdir(), "footfall-dead-letters-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const letter = (row: string) => ({ rejectedAt: "2026-11-21T12:00:00.000Z", reason: "no number", row });

const on = <A>(dataDir: string, use: (letters: DeadLetters["Type"]) => Effect.Effect<A>) =>
  Effect.runPromise(
    Effect.flatMap(DeadLetters, use).pipe(
      Effect.provide(Layer.provide(layerDeadLetters, testSettings({ dataDir }))),
      Effect.provide(Logger.remove(Logger.defaultLogger)),
    ),
  );

const lines = (dataDir: string): ReadonlyArray<unknown> =>
  readFileSync(join(dataDir, "dead-letters.ndjson"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

test("letters are kept one per line, over restarts, for their owner's eyes only", async () => {
  const dataDir = join(directory, "not", "there", "yet");
  await on(dataDir, ({ keep, count }) =>
    Effect.gen(function* () {
      yield* keep(letter('["a\n",1]'));
      yield* keep(letter("b"));
      expect(count()).toBe(2);
    }),
  );
  await on(dataDir, ({ keep }) => keep(letter("c")));
  expect(lines(dataDir)).toEqual([letter('["a\n",1]'), letter("b"), letter("c")]);
  expect(statSync(join(dataDir, "dead-letters.ndjson")).mode & 0o777).toBe(0o600);
});

test("a letter that cannot be written now is written once it can", async () => {
  const dataDir = join(directory, "blocked");
  const inTheWay = join(dataDir, "dead-letters.ndjson");
  mkdirSync(inTheWay, { recursive: true });
  await on(dataDir, ({ keep, count }) =>
    Effect.gen(function* () {
      const keeping = yield* Effect.fork(keep(letter("patient")));
      yield* Effect.sleep("150 millis");
      expect(count()).toBe(0);
      rmdirSync(inTheWay);
      yield* Fiber.join(keeping);
      expect(count()).toBe(1);
    }),
  );
  expect(lines(dataDir)).toEqual([letter("patient")]);
});
