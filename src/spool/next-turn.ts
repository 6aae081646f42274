import { Effect } from "effect";

/** Lets everything that has come in meanwhile have its turn. An effect's own yield only lets other effects have theirs. */
export const nextTurn: Effect.Effect<void> = Effect.async<void>(
  (resume) => void setImmediate(() => resume(Effect.void)),
);
