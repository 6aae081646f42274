import { Context, Effect, Layer } from "effect";
import { AppSettings } from "../config.ts";
import { Projects } from "../projects/projects.ts";
import { instanceRetention, keptOf, rawFromMs, rollupsFromMs } from "../projects/retention.ts";

/** What is kept of a project now. */
export interface KeptNow {
  /** Days that single events are kept. */
  readonly rawDays: number;
  /** Of what happened before, single events are gone or may go at any time, ms since 1970. */
  readonly rawFromMs: number;
  /** The same of rollups and sealed days. */
  readonly rollupsFromMs: number;
}

export interface RetentionShape {
  readonly of: (project: string, nowMs: number) => KeptNow;
  /** The projects of which it may be less than of others. */
  readonly projects: () => ReadonlyArray<string>;
}

/** How long the data of each project is kept: as long as the instance keeps any, or shorter where the project says so. */
export class Retention extends Context.Tag("footfall/Retention")<Retention, RetentionShape>() {}

const make = (projects: Pick<Context.Tag.Service<typeof Projects>, "find" | "list"> | undefined) =>
  Effect.map(AppSettings, (settings) =>
    Retention.of({
      of: (project, nowMs) => {
        const retention = projects?.find(project)?.retention ?? instanceRetention;
        return {
          rawDays: keptOf(retention, settings).rawDays,
          rawFromMs: rawFromMs(retention, settings, nowMs),
          rollupsFromMs: rollupsFromMs(retention, settings, nowMs),
        };
      },
      projects: () => (projects?.list() ?? []).map(({ id }) => id),
    }),
  );

export const layerRetention = Layer.effect(Retention, Effect.flatMap(Projects, make));

/** Where no project says anything. */
export const layerInstanceRetention = Layer.effect(Retention, make(undefined));
