import type { Times } from "../quantile.ts";

/** What a goal is set for. */
export type QuestionGroup = "rollup" | "filtered" | "funnel" | "retention" | "other";

/** One question of the dashboard, in milliseconds. */
export interface QuestionResult {
  readonly name: string;
  readonly group: QuestionGroup;
  /** Over HTTP. */
  readonly route: Times;
  /** Its statements straight on the engine; undefined where it has none. */
  readonly sql: Times | undefined;
  readonly statements: number;
  /** The statements of the same question to single events alone. Undefined where it asks these anyway, or cannot. */
  readonly raw: Times | undefined;
  /** Why there is no measurement against single events. */
  readonly rawFailure?: string;
}

/** What sealing at full speed took. */
export interface SealingResult {
  readonly days: number;
  /** Days that could not be sealed, such as those whose sessions do not end. */
  readonly open: number;
  readonly seconds: number;
  readonly peakBytes: number;
}

/** What the process of the service gave. */
export interface ServiceResult {
  /** The most memory that the process ever held, after all routes and before the questions to single events. */
  readonly peakBytes: number;
  readonly questions: ReadonlyArray<QuestionResult>;
  /** Questions of routes that this release does not have. */
  readonly missing: ReadonlyArray<string>;
}

/** All of one size. */
export interface SizeResult extends ServiceResult {
  readonly events: number;
  /** Undefined where the data was there already. */
  readonly seedSeconds: number | undefined;
  /** Of the days that were not sealed yet. */
  readonly sealing: SealingResult;
}
