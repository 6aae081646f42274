import { Chunk, Effect, Option, type Scope, Stream } from "effect";
import { type InvalidParameter, TooManyExports } from "../../domain/errors.ts";
import type { Retention } from "../../retention/retention.ts";
import type { ClickHouse } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { requireSingleEvents } from "../single-events.ts";
import { fileFormats } from "./file-format.ts";
import type { ExportQuery } from "./query.ts";
import { type SliceSizes, slicesOf } from "./slices.ts";

/** A file whose beginning is there and whose rest is made as it is asked for. Its bytes belong to who took them. */
export interface ExportFile {
  readonly beginning: ReadonlyArray<Uint8Array>;
  /** The next bytes; none after the last. */
  readonly next: Effect.Effect<Option.Option<ReadonlyArray<Uint8Array>>, ClickHouseError, ClickHouse>;
}

/** Each has up to one slice in memory and one query under way. */
export const MOST_EXPORTS = 2;

const RETRY_AFTER_SECONDS = 30;

/** Bounds the exports that are under way in this process. */
export class ExportTurns {
  #taken = 0;

  /** Fails at once where there is none left; given back when the scope closes. */
  readonly take: Effect.Effect<void, TooManyExports, Scope.Scope> = Effect.asVoid(
    Effect.acquireRelease(
      Effect.suspend(() => {
        if (this.#taken >= MOST_EXPORTS)
          return new TooManyExports({ retryAfterSeconds: RETRY_AFTER_SECONDS });
        this.#taken += 1;
        return Effect.void;
      }),
      () =>
        Effect.sync(() => {
          this.#taken -= 1;
        }),
    ),
  );
}

/**
 * Begins an export, up to its first slice, so that what cannot be answered fails here and not in the middle of a file.
 * The scope is the export's: closing it ends a query under way.
 */
export const openExport = (
  query: ExportQuery,
  turns: ExportTurns,
  sizes?: SliceSizes,
): Effect.Effect<
  ExportFile,
  InvalidParameter | TooManyExports | ClickHouseError,
  ClickHouse | Retention | Scope.Scope
> =>
  Effect.gen(function* () {
    yield* requireSingleEvents(query);
    yield* turns.take;
    const format = fileFormats[query.format];
    const file = yield* format.open;
    const pull = yield* Stream.toPull(
      slicesOf(query, format, sizes).pipe(
        Stream.map(file.add),
        Stream.concat(Stream.suspend(() => Stream.make(file.end()))),
      ),
    );
    const next = pull.pipe(
      Effect.map((chunk) => Option.some(Chunk.toReadonlyArray(chunk))),
      Effect.catchAll(Option.match({ onNone: () => Effect.succeedNone, onSome: Effect.fail })),
    );
    const first = Option.getOrElse(yield* next, () => []);
    return { beginning: [file.head, ...first], next };
  });
