import { Clock, Effect } from "effect";
import { removeGarbage } from "../../sealing/garbage.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { hasFormerParts } from "../delete-rows.ts";
import type { Erasure } from "../erasure.ts";
import { projectTables } from "../tables.ts";
import type { Job } from "./job.ts";

/** Longer than any question takes: one may still be reading the rows of a build that another has replaced. */
const QUESTIONS_END_MS = 20_000;

/** Former builds have sets of visitors in them. True when none is left. */
const removeFormerBuilds = (upToBuild: number) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const rows = yield* removeGarbage({ upToBuild, leastShare: 0 });
    const [running] = yield* clickhouse.query<{ deletions: number }>(
      `SELECT count() AS deletions FROM system.mutations
       WHERE database = currentDatabase() AND table IN ('sessions', 'daily_field_stats') AND NOT is_done`,
    );
    return rows === 0 && (running?.deletions ?? 0) === 0;
  });

/** Takes an erasure that is `removing` a step further; undefined as long as there is nothing to do but wait. */
export const whenGone = (erasure: Job) =>
  Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis;
    const { work, receipt } = erasure;
    if (work.deletedAtMs === 0) {
      if (nowMs < receipt.erasedAtMs + QUESTIONS_END_MS) return undefined;
      if (!(yield* removeFormerBuilds(work.upToBuild))) return undefined;
      const deleted: Erasure = { ...erasure, work: { ...work, deletedAtMs: nowMs } };
      return deleted;
    }
    const names = (yield* projectTables).map(({ name }) => name);
    if (yield* hasFormerParts(names, work.deletedAtMs)) return undefined;
    const done: Erasure = {
      ...erasure,
      state: "done",
      work: undefined,
      receipt: { ...receipt, goneAtMs: nowMs },
    };
    return done;
  });
