import { Effect, Exit, Option, Runtime } from "effect";
import type { ClickHouse } from "../../store/clickhouse.ts";
import type { ExportFile } from "./export-file.ts";

/** So much is given to a connection at a time: one that takes little is still seen to take something. */
const PIECE_BYTES = 256 * 1024;

/** Memory of answers that JavaScript has little reason to collect while it waits. Small ones may be part of a pool. */
const release = ({ buffer }: Uint8Array): void => {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= PIECE_BYTES) buffer.transfer(0);
};

/**
 * The body of an answer. Nothing is asked of the file before the reader has taken what it was given. A failure breaks the
 * connection, so that what has come by then is not taken for a whole file. `close` runs once: at the end, after a
 * failure, or when the reader goes away, and then the query under way is interrupted before.
 */
export const fileBody = (
  file: ExportFile,
  runtime: Runtime.Runtime<ClickHouse>,
  close: Effect.Effect<void>,
  signal: AbortSignal,
): ReadableStream<Uint8Array> => {
  const gone = new AbortController();
  const waiting = [...file.beginning];
  let given = 0;
  let asking: Promise<unknown> | undefined;
  let closed = false;

  const finish = async () => {
    if (closed) return;
    closed = true;
    gone.abort();
    await asking;
    await Runtime.runPromise(runtime, close);
  };

  /** The next piece of what is there already. */
  const takePiece = (): Uint8Array | undefined => {
    for (;;) {
      const [bytes] = waiting;
      if (bytes === undefined) return undefined;
      if (given < bytes.length) {
        const piece = new Uint8Array(bytes.subarray(given, given + PIECE_BYTES));
        given += piece.length;
        return piece;
      }
      waiting.shift();
      given = 0;
      release(bytes);
    }
  };

  const fill = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    for (;;) {
      const piece = takePiece();
      if (piece !== undefined) return controller.enqueue(piece);
      const answer = Runtime.runPromiseExit(runtime, file.next, { signal: gone.signal });
      asking = answer;
      const exit = await answer;
      asking = undefined;
      if (closed) return;
      if (Exit.isFailure(exit)) {
        Runtime.runFork(runtime, Effect.logWarning("An export broke off", exit.cause));
        await finish();
        // Without a reason: Bun would print it as an error that nobody caught.
        return controller.error(undefined);
      }
      if (Option.isNone(exit.value)) {
        await finish();
        return controller.close();
      }
      waiting.push(...exit.value.value);
    }
  };

  // A connection that ends before the body is begun does not cancel it.
  if (signal.aborted) void finish();
  else signal.addEventListener("abort", () => void finish(), { once: true });

  return new ReadableStream<Uint8Array>({ pull: fill, cancel: finish }, { highWaterMark: 0 });
};
