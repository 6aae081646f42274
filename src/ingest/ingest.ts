import { Clock, Context, Effect, Either, Layer } from "effect";
import { monotonicFactory } from "ulid";
import { AppSettings } from "../config.ts";
import type { MalformedBatch, QueueFull } from "../domain/errors.ts";
import type { Rejection } from "../domain/event.ts";
import { EventQueue } from "../writer/event-queue.ts";
import { RowArena } from "../writer/row-arena.ts";
import { readBatch } from "./batch.ts";
import { ingestBatch } from "./pipeline.ts";
import { openGeoTable } from "./steps/geo.ts";
import { openVisitorKeys } from "./visitor.ts";

/** What is known of the sender from its request. */
export interface Sender {
  readonly project: string;
  /** The client's address as text; it goes no further than the place and the cookieless visitor hash. */
  readonly address: string;
  readonly userAgent: string;
  /** Host of the `Origin` header, or "". */
  readonly originHost: string;
}

/** The answer to a batch: `accepted + rejected` is the number of events sent. */
export interface IngestAnswer {
  readonly accepted: number;
  readonly rejected: number;
  readonly errors?: ReadonlyArray<Rejection>;
}

/** Takes batches of events: validates, enriches and queues them. */
export class Ingest extends Context.Tag("footfall/Ingest")<
  Ingest,
  {
    /** Once it has succeeded, every accepted event is queued for storage; if it fails, none is. */
    readonly take: (
      body: Uint8Array,
      sender: Sender,
    ) => Effect.Effect<IngestAnswer, MalformedBatch | QueueFull>;
  }
>() {}

const DAY_MS = 86_400_000;

const make = Effect.gen(function* () {
  const settings = yield* AppSettings;
  const queue = yield* EventQueue;
  const geo = openGeoTable(settings.geoipDb);
  const visitorKeys = openVisitorKeys(settings.dataDir, Date.now);
  // Salts are destroyed on time also when no visitor comes.
  yield* Effect.forkScoped(Effect.forever(Effect.delay(Effect.sync(visitorKeys.prune), "1 hour")));
  const newId = monotonicFactory();
  const arena = new RowArena(settings.batchSize);
  const retentionMs = settings.rawRetentionDays * DAY_MS;

  return Ingest.of({
    take: (body, sender) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (receivedAt): Effect.Effect<IngestAnswer, MalformedBatch | QueueFull> => {
          const batch = readBatch(body);
          if (Either.isLeft(batch)) return batch.left;
          const { sentAt, hasEscapes } = batch.right;
          const { count, rows, rejections } = ingestBatch(batch.right, {
            project: sender.project,
            receivedAt,
            clockSkewMs: sentAt === undefined ? 0 : receivedAt - sentAt,
            retentionMs,
            originHost: sender.originHost,
            userAgent: sender.userAgent,
            address: sender.address,
            place: geo.lookup(sender.address),
            visitorKeys,
            checkText: hasEscapes,
            newId,
          });
          const answer: IngestAnswer =
            rejections.length === 0
              ? { accepted: count, rejected: 0 }
              : { accepted: count, rejected: rejections.length, errors: rejections };
          return count === 0
            ? Effect.succeed(answer)
            : Effect.as(queue.offer({ count, ...arena.hold(rows, count) }), answer);
        },
      ),
  });
});

export const layerIngest = Layer.scoped(Ingest, make);
