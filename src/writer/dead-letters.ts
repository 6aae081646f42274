import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Context, Effect, Layer } from "effect";
import { AppSettings } from "../config.ts";

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
    /** Returns when the row is on disk. */
    readonly keep: (letter: DeadLetter) => Effect.Effect<void>;
    /** How many were kept since start. */
    readonly count: () => number;
  }
>() {}

export const layerDeadLetters = Layer.effect(
  DeadLetters,
  Effect.map(AppSettings, ({ dataDir }) => {
    let count = 0;
    return {
      keep: (letter) =>
        Effect.sync(() => {
          mkdirSync(dataDir, { recursive: true });
          const file = openSync(join(dataDir, "dead-letters.ndjson"), "a", 0o600);
          try {
            writeSync(file, `${JSON.stringify(letter)}\n`);
            fsyncSync(file);
          } finally {
            closeSync(file);
          }
          count++;
        }),
      count: () => count,
    };
  }),
);
