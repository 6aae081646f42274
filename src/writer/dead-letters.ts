import { closeSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Context, Effect, Layer } from "effect";
import { AppSettings } from "../config.ts";
import { healing } from "./retry.ts";

/** One row that ClickHouse will never take, kept for a person to look at. */
export interface DeadLetter {
  readonly rejectedAt: string;
  readonly reason: string;
  /** The encoded row, without its batch number. */
  readonly row: string;
}

/** Where poison rows go so that the rest of their batch can go on. */
export class DeadLetters extends Context.Tag("footfall/DeadLetters")<
  DeadLetters,
  {
    /** Returns when the row is on disk; waits for as long as it cannot be written there. */
    readonly keep: (letter: DeadLetter) => Effect.Effect<void>;
    /** How many were kept since start. */
    readonly count: () => number;
  }
>() {}

const append = (path: string, line: string): void => {
  const file = openSync(path, "a", 0o600);
  try {
    const { size } = fstatSync(file);
    try {
      writeFileSync(file, line);
      fsyncSync(file);
    } catch (error) {
      // What a full disk left of the line must not stand before the next one.
      ftruncateSync(file, size);
      throw error;
    }
  } finally {
    closeSync(file);
  }
};

export const layerDeadLetters = Layer.effect(
  DeadLetters,
  Effect.map(AppSettings, ({ dataDir }) => {
    let count = 0;
    const path = join(dataDir, "dead-letters.ndjson");
    return {
      // Trying again here, because the writer would begin its batch anew and store the rest of it a second time.
      keep: (letter) =>
        Effect.try(() => {
          mkdirSync(dataDir, { recursive: true });
          append(path, `${JSON.stringify(letter)}\n`);
          count++;
        }).pipe(
          Effect.tapError(({ cause }) =>
            Effect.logError(`An event that cannot be stored cannot be put aside either: ${String(cause)}`),
          ),
          Effect.retry(healing),
          Effect.orDie,
        ),
      count: () => count,
    };
  }),
);
