import { Clock, Context, Duration, Effect, Layer } from "effect";
import { ulid } from "ulid";
import type { DuplicateIds } from "../ingest/duplicates/duplicate-ids.ts";
import { Projects } from "../projects/projects.ts";
import type { SealedDays } from "../sealing/sealed-days.ts";
import { Spool } from "../spool/spool.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import { keep } from "../store/kept-table.ts";
import type { EventWriter } from "../writer/event-writer.ts";
import { takeStep } from "./carry-out.ts";
import { type Erasure, type ErasureWork, emptyReceipt, erasuresTable } from "./erasure.ts";
import { whenGone } from "./steps/remove-files.ts";
import { type Subject, wholeProject } from "./subject.ts";

const AFTER_FAILURE = Duration.seconds(10);
const FILES_INTERVAL = Duration.seconds(10);

export interface ErasuresShape {
  /**
   * Erases everything of the subject that was answered until now. Stored, and carried out whatever becomes of the
   * process, when this succeeds.
   */
  readonly begin: (subject: Subject) => Effect.Effect<Erasure, ClickHouseError>;
  readonly find: (id: string) => Erasure | undefined;
  /** Those of a project, the newest first. */
  readonly ofProject: (project: string) => ReadonlyArray<Erasure>;
}

/** Erases people and projects, one at a time, beside everything else. */
export class Erasures extends Context.Tag("footfall/Erasures")<Erasures, ErasuresShape>() {}

const make = Effect.gen(function* () {
  const clickhouse = yield* ClickHouse;
  const spool = yield* Spool;
  const projects = yield* Projects;
  const kept = yield* keep(erasuresTable);
  const due = yield* Effect.makeLatch(true);
  const context = yield* Effect.context<ClickHouse | DuplicateIds | EventWriter | SealedDays | Spool>();

  // Another node's erasure waits for that node's spool.
  const isOurs = ({ ledger }: ErasureWork) => clickhouse.engine === "embedded" || ledger === spool.ledger.id;

  const nextJob = () =>
    kept
      .all()
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .find(
        ({ state, work }) =>
          (state === "waiting" || state === "erasing") && work !== undefined && isOurs(work),
      );

  const save = (erasure: Erasure) => kept.save({ ...erasure, version: erasure.version + 1 });

  const work = Effect.gen(function* () {
    yield* due.await;
    // Before the look: what begins after it opens it again.
    yield* due.close;
    const job = nextJob();
    if (job?.work === undefined) return;
    yield* due.open;
    yield* save(yield* takeStep({ ...job, work: job.work }));
  }).pipe(
    Effect.provide(context),
    // Neither a failure nor a bug may end it for good.
    Effect.catchAllCause((cause) =>
      Effect.zipRight(
        Effect.logWarning("An erasure could not go on; it is tried again", cause),
        Effect.sleep(AFTER_FAILURE),
      ),
    ),
  );

  const lookAtFiles = Effect.gen(function* () {
    for (const erasure of kept.all()) {
      const { state, work } = erasure;
      if (state !== "removing" || work === undefined || !isOurs(work)) continue;
      const next = yield* whenGone({ ...erasure, work });
      if (next !== undefined) yield* save(next);
    }
  });

  const begin = (subject: Subject) =>
    Effect.uninterruptible(
      Effect.gen(function* () {
        // What is being made durable now was sent before.
        yield* Effect.async<void>((resume) =>
          spool.append({ count: 0, rows: Buffer.alloc(0), settle: () => resume(Effect.void) }),
        );
        const requestedAtMs = yield* Clock.currentTimeMillis;
        const erasure: Erasure = {
          id: ulid(requestedAtMs),
          project: subject.project,
          kind: subject.kind,
          state: "waiting",
          requestedAtMs,
          work: {
            subject,
            ledger: spool.ledger.id,
            untilRow: spool.log.nextRow,
            upToBatch: 0,
            hours: {},
            upToBuild: 0,
            deletedAtMs: 0,
          },
          receipt: emptyReceipt,
          version: 0,
        };
        yield* kept.save(erasure);
        yield* due.open;
        return erasure;
      }),
    );

  // ClickHouse may go away between the end of a project and the beginning of its erasure.
  const beginForgotten = Effect.suspend(() => {
    const begun = new Set(kept.all().flatMap(({ kind, project }) => (kind === "project" ? [project] : [])));
    const forgotten = projects.deleted().filter((id) => !begun.has(id));
    return Effect.forEach(forgotten, (id) => begin(wholeProject(id)), { discard: true });
  });

  const files = Effect.zipRight(beginForgotten, lookAtFiles).pipe(
    Effect.provide(context),
    Effect.catchAllCause((cause) => Effect.logDebug("Erasures could not be looked at", cause)),
    Effect.delay(FILES_INTERVAL),
  );

  yield* Effect.forkScoped(Effect.forever(work));
  yield* Effect.forkScoped(Effect.forever(files));

  return Erasures.of({
    begin,
    find: kept.get,
    ofProject: (project) =>
      kept
        .all()
        .filter((erasure) => erasure.project === project)
        .toSorted((a, b) => (a.id < b.id ? 1 : -1)),
  });
});

export const layerErasures = Layer.scoped(Erasures, make);
