import { Effect } from "effect";
import type { SpoolRefusal } from "../../spool/event-queue.ts";
import { Spool } from "../../spool/spool.ts";

/** Encoded rows into the spool, as a request brings them; succeeds when they are durable. */
export const appendRows = ({
  count,
  rows,
}: {
  readonly count: number;
  readonly rows: Buffer;
}): Effect.Effect<void, SpoolRefusal, Spool> =>
  Effect.flatMap(Spool, ({ append }) =>
    Effect.async<void, SpoolRefusal>((resume) =>
      append({
        count,
        rows,
        settle: (refusal) => resume(refusal === undefined ? Effect.void : Effect.fail(refusal)),
      }),
    ),
  );
