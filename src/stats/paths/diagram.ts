import type { PathsQuery } from "./parameters.ts";
import type { CountedLink } from "./statement.ts";

/**
 * A place in the diagram: a value, all `others` of its step together, or sessions that have nothing more: `exit` behind
 * their last value, `entry` before their first one.
 */
export interface PathNode {
  /** Its place in the list of nodes. */
  readonly id: number;
  /** How many values away from the chosen one, which is step 0. */
  readonly step: number;
  readonly kind: "value" | "others" | "exit" | "entry";
  /** The path of a page or the event type; only of kind `value`. */
  readonly value?: string;
  /** Sessions. */
  readonly count: number;
}

/** Sessions that went from `source` to `target`, ids of nodes, in the order of time. */
export interface PathLink {
  readonly source: number;
  readonly target: number;
  readonly count: number;
}

export interface Diagram {
  readonly nodes: ReadonlyArray<PathNode>;
  readonly links: ReadonlyArray<PathLink>;
}

/**
 * Nodes and links of a Sankey diagram. The nodes are in order of their steps, in a step by count (ties by value), then
 * `others`, then `exit` or `entry`. What comes into a node of steps 1 and on is its count, and so is what goes out of it,
 * but for the last step and for `exit` and `entry`, where paths are over.
 */
export const diagramOf = (query: PathsQuery, counted: ReadonlyArray<CountedLink>): Diagram => {
  const { chosen, direction, limit } = query;
  const others = limit + 1;
  const over = direction === "start" ? "exit" : "entry";
  if (counted.length === 0) return { nodes: [], links: [] };

  const sum = (rows: ReadonlyArray<CountedLink>) => rows.reduce((total, { sessions }) => total + sessions, 0);
  const nodes: Array<PathNode> = [
    { id: 0, step: 0, kind: "value", value: chosen, count: sum(counted.filter(({ step }) => step === 1)) },
  ];
  const ids = new Map([["0 1", 0]]);
  const steps = [...new Set(counted.map(({ step }) => step))].sort((a, b) => a - b);
  for (const step of steps) {
    const ofStep = Map.groupBy(
      counted.filter((link) => link.step === step),
      ({ target }) => target,
    );
    const last = (target: number) => (target === 0 ? others + 1 : target);
    for (const [target, rows] of [...ofStep].sort(([a], [b]) => last(a) - last(b))) {
      const id = nodes.length;
      ids.set(`${step} ${target}`, id);
      const kind = target === 0 ? over : target === others ? "others" : "value";
      nodes.push({
        id,
        step,
        kind,
        ...(kind === "value" ? { value: rows[0]?.name ?? "" } : {}),
        count: sum(rows),
      });
    }
  }
  const links = counted.map(({ step, source, target, sessions }): PathLink => {
    const near = ids.get(`${step - 1} ${source}`);
    const far = ids.get(`${step} ${target}`);
    if (near === undefined || far === undefined) throw new Error("A link leads to no node.");
    return direction === "start"
      ? { source: near, target: far, count: sessions }
      : { source: far, target: near, count: sessions };
  });
  return { nodes, links };
};
