import { Clock, Context, Effect, Either, Layer } from "effect";
import { monotonicFactory } from "ulid";
import { AppSettings } from "../config.ts";
import type { MalformedBatch, RateLimited } from "../domain/errors.ts";
import type { Rejection } from "../domain/event.ts";
import { Metrics } from "../metrics/metrics.ts";
import type { Project } from "../projects/project.ts";
import { rawFromMs } from "../projects/retention.ts";
import { Traffic } from "../realtime/traffic.ts";
import type { SpoolRefusal } from "../spool/event-queue.ts";
import { Spool } from "../spool/spool.ts";
import { readBatch } from "./batch.ts";
import type { IngestContext } from "./draft.ts";
import { DuplicateIds } from "./duplicates/duplicate-ids.ts";
import type { Refused } from "./gate.ts";
import { type IngestedBatch, ingestBatch } from "./pipeline.ts";
import { requestPrivacy } from "./privacy/request-privacy.ts";
import { openGeoTable } from "./steps/geo.ts";
import { Visitors } from "./visitor.ts";

/** What is known of the sender from its request. */
export interface Sender {
  /** The project that takes its events, by the key in the body where there is one; or why none does. */
  readonly admit: (bodyKey: string | undefined) => Project | Refused;
  /** Counts a request with so many events for a project, or says why it is refused. */
  readonly limit: (project: string, events: number) => RateLimited | undefined;
  /** The client's address as text; it goes no further than the place and the cookieless visitor hash. */
  readonly address: string;
  readonly userAgent: string;
  /** Whether the request has `DNT: 1`. */
  readonly doNotTrack: boolean;
  /** Whether the request has `Sec-GPC: 1`. */
  readonly globalPrivacyControl: boolean;
  /** Host of the `Origin` header, or "". */
  readonly originHost: string;
}

/** The answer to a batch: `accepted + rejected` is the number of events sent. */
export interface IngestAnswer {
  readonly accepted: number;
  readonly rejected: number;
  /** How many of the accepted ones had been accepted before, and are counted once all the same. */
  readonly duplicates?: number;
  readonly errors?: ReadonlyArray<Rejection>;
}

/** Takes batches of events: validates, enriches and makes them durable. */
export class Ingest extends Context.Tag("footfall/Ingest")<
  Ingest,
  {
    /** Why a single event would be refused now; asked before a body is read. */
    readonly refusal: () => SpoolRefusal | undefined;
    /**
     * Once it resolves with an answer, every accepted event is durable and will be counted once; with a failure, none
     * of them will be. A plain promise, for it is on the path of every batch; it does not reject.
     */
    readonly take: (
      body: Uint8Array,
      sender: Sender,
    ) => Promise<IngestAnswer | MalformedBatch | RateLimited | Refused | SpoolRefusal>;
  }
>() {}

const make = Effect.gen(function* () {
  const settings = yield* AppSettings;
  const spool = yield* Spool;
  const metrics = yield* Metrics;
  const ids = yield* DuplicateIds;
  const traffic = yield* Traffic;
  const clock = yield* Clock.clockWith(Effect.succeed);
  const geo = openGeoTable(settings.geoipDb);
  const visitorKeys = yield* Visitors;
  const newId = monotonicFactory();

  const refusal = (count?: number): SpoolRefusal | undefined => {
    const refused = spool.refusal(count);
    if (refused !== undefined) metrics.refused(refused._tag);
    return refused;
  };

  return Ingest.of({
    refusal,
    take: async (
      body,
      { admit, limit, originHost, userAgent, address, doNotTrack, globalPrivacyControl },
    ) => {
      // Most of the work on a batch lies behind these: what is refused for want of room must not take it from the rest.
      const full = refusal();
      if (full !== undefined) return full;
      const batch = readBatch(body);
      if (Either.isLeft(batch)) return batch.left;
      const admitted = admit(batch.right.apiKey);
      if (admitted instanceof Error) return admitted;
      const project = admitted.id;
      const tooMany = refusal(batch.right.events.length);
      if (tooMany !== undefined) return tooMany;
      const limited = limit(project, batch.right.events.length);
      if (limited !== undefined) return limited;
      const { sentAt, hasEscapes } = batch.right;
      const receivedAt = clock.unsafeCurrentTimeMillis();
      const privacy = requestPrivacy(admitted.privacy, { address, doNotTrack, globalPrivacyControl });
      const place = geo.lookup(address);
      const added: Array<string> = [];
      const forget = () => {
        for (const id of added) ids.remove(project, id);
      };
      const context: IngestContext = {
        project,
        receivedAt,
        clockSkewMs: sentAt === undefined ? 0 : receivedAt - sentAt,
        // Also what was deleted under a shorter retention: its copies are not known any more.
        retentionMs: receivedAt - rawFromMs(admitted.retention, settings, receivedAt),
        originHost,
        userAgent,
        address,
        place: privacy.anonymousVisitor === undefined ? place : { country: place.country, region: "" },
        visitorKeys,
        privacy,
        checkText: hasEscapes,
        newId,
        isNew: (id) => {
          const isNew = ids.addIfAbsent(project, id, receivedAt);
          if (isNew) added.push(id);
          return isNew;
        },
      };
      let ingested: IngestedBatch;
      try {
        ingested = ingestBatch(batch.right, context);
      } catch (bug) {
        // Answered as an internal error, so what is sent again is no duplicate.
        forget();
        throw bug;
      }
      const { count, duplicates, rows, sightings, rejections } = ingested;
      if (count + duplicates > 0) {
        // A duplicate's first copy may still be waiting for its commit, so it waits for that too.
        const refused = await new Promise<SpoolRefusal | undefined>((resolve) =>
          spool.append({
            count,
            rows,
            settle: (refusal) => {
              // At once, before another request can be told that these were taken.
              if (refusal !== undefined) forget();
              resolve(refusal);
            },
          }),
        );
        if (refused !== undefined) {
          metrics.refused(refused._tag);
          return refused;
        }
      }
      metrics.answered(count, duplicates, rejections);
      traffic.record(project, context.place.country, sightings);
      return {
        accepted: count + duplicates,
        rejected: rejections.length,
        ...(duplicates === 0 ? {} : { duplicates }),
        ...(rejections.length === 0 ? {} : { errors: rejections }),
      };
    },
  });
});

export const layerIngest = Layer.scoped(Ingest, make);
