import type { Project } from "../projects/project.ts";
import { DELETION_DELAY_MS, keptOf, rawCutoffMs, rollupCutoffMs } from "../projects/retention.ts";
import type { RetentionSettings } from "../store/retention.ts";

const DAY_MS = 86_400_000;

/** A day goes so long after its last moment is too old: whoever asks, seals or compares what is still kept has ended. */
const MARGIN_MS = 3_600_000;

/** UTC days of a project that are to be deleted as a whole: those before these, counted from 1970; undefined for none. */
export interface ExpiredDays {
  readonly project: string;
  readonly rawBefore: number | undefined;
  readonly rollupsBefore: number | undefined;
}

/**
 * What is to be deleted of which projects at a moment: of those that keep something for less long than the instance, for
 * which the tables' TTL does it, and that have wanted it so for {@link DELETION_DELAY_MS}.
 */
export const expiredDays = (
  projects: ReadonlyArray<Pick<Project, "id" | "retention">>,
  instance: RetentionSettings,
  nowMs: number,
): ReadonlyArray<ExpiredDays> =>
  projects.flatMap(({ id, retention }) => {
    if (nowMs < retention.changedAtMs + DELETION_DELAY_MS) return [];
    const kept = keptOf(retention, instance);
    const before = (cutoffMs: number) => Math.max(0, Math.floor(cutoffMs / DAY_MS));
    const due: ExpiredDays = {
      project: id,
      rawBefore:
        kept.rawDays < instance.rawRetentionDays ? before(rawCutoffMs(kept, nowMs - MARGIN_MS)) : undefined,
      rollupsBefore:
        kept.rollupYears < instance.rollupRetentionYears
          ? before(rollupCutoffMs(kept, nowMs - MARGIN_MS))
          : undefined,
    };
    return due.rawBefore === undefined && due.rollupsBefore === undefined ? [] : [due];
  });
