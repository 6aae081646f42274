import { Context, Effect, Layer } from "effect";

interface ReplacedRollupsShape {
  /** Whether buckets of a project's rollups may be missing at this moment. */
  readonly has: (project: string) => boolean;
  /** Says so of a project for as long as the effect goes on. */
  readonly during: (project: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;
}

/**
 * Projects of which buckets of rollups are being replaced: they are gone before others stand in their place, and until
 * then questions count single events. Only this process knows of it.
 */
export class ReplacedRollups extends Context.Reference<ReplacedRollups>()("footfall/ReplacedRollups", {
  defaultValue: (): ReplacedRollupsShape => ({ has: () => false, during: () => (effect) => effect }),
}) {}

const make = (): ReplacedRollupsShape => {
  const underWay = new Map<string, number>();
  const add = (project: string, change: number) =>
    Effect.sync(() => {
      const count = (underWay.get(project) ?? 0) + change;
      if (count === 0) underWay.delete(project);
      else underWay.set(project, count);
    });
  return {
    has: (project) => underWay.has(project),
    during: (project) => (effect) =>
      Effect.acquireUseRelease(
        add(project, 1),
        () => effect,
        () => add(project, -1),
      ),
  };
};

export const layerReplacedRollups = Layer.sync(ReplacedRollups, make);
