import type { Filter } from "../../filters/filter.ts";
import type { BotRule } from "../../question.ts";
import { type AskedRange, instantsOf } from "../../recount/civil-time.ts";
import type { EventRow } from "../../recount/event-row.ts";
import { matchesFilter } from "../../recount/filtered.ts";
import { select } from "../../recount/selection.ts";
import { compareBytes, type Session } from "../../recount/sessions.ts";
import type { PathLink, PathNode } from "../diagram.ts";

export interface PathsQuestion {
  readonly range: AskedRange;
  readonly bots: BotRule;
  readonly filter: Filter;
  readonly by: "page" | "event";
  readonly direction: "start" | "end";
  readonly chosen: string;
  readonly steps: number;
  readonly limit: number;
}

const DAY_MS = 86_400_000;

/** The chosen value and what comes after it, or came before it, step by step; undefined without it. */
const pathOf = ({ events }: Session, question: PathsQuestion): ReadonlyArray<string> | undefined => {
  const line: Array<string> = [];
  for (const event of events) {
    if (question.by === "page" && event.event_type !== "page_view") continue;
    const value = question.by === "page" ? event.page_path : event.event_type;
    if (line.length === 0 || line.at(-1) !== value) line.push(value);
  }
  const place = line.indexOf(question.chosen);
  if (place < 0) return undefined;
  const path = question.direction === "start" ? line.slice(place) : line.slice(0, place + 1).reverse();
  return path.slice(0, question.steps + 1);
};

type Place = { readonly kind: PathNode["kind"]; readonly value?: string };

/** The answer to a question about paths, counted without SQL. */
export const recountPaths = (stored: ReadonlyArray<EventRow>, question: PathsQuestion) => {
  const { range, bots, filter, direction, chosen, steps, limit } = question;
  const instants = instantsOf(range);
  const lookedAt = stored.filter(({ occurredAtMs }) => occurredAtMs < instants.endMs + DAY_MS);
  const { sessions } = select(lookedAt, instants, {
    filter,
    bots,
    zone: range.zone,
    dimension: undefined,
    matches: matchesFilter,
  });
  const paths = sessions.flatMap((session) => {
    const path = pathOf(session, question);
    return path === undefined ? [] : [path];
  });

  // The most frequent values of each step.
  const shown = Array.from({ length: steps + 1 }, (_, step) =>
    [
      ...Map.groupBy(
        paths.flatMap((path) => path[step] ?? []),
        (value) => value,
      ),
    ]
      .sort(([a, one], [b, other]) => other.length - one.length || compareBytes(a, b))
      .map(([value]) => value)
      .slice(0, limit),
  );
  const placeAt = (path: ReadonlyArray<string>, step: number): Place => {
    const value = path[step];
    if (value === undefined) return { kind: direction === "start" ? "exit" : "entry" };
    return shown[step]?.includes(value) ? { kind: "value", value } : { kind: "others" };
  };

  const nodes: Array<PathNode> = [];
  const links: Array<PathLink> = [];
  const ids = new Map<string, number>();
  const key = (step: number, place: Place) => JSON.stringify([step, place.kind, place.value]);
  for (let step = 0; step <= steps; step++) {
    const going = paths.filter((path) => path.length >= step);
    const places: ReadonlyArray<Place> = [
      ...(shown[step] ?? []).map((value): Place => ({ kind: "value", value })),
      { kind: "others" },
      { kind: direction === "start" ? "exit" : "entry" },
    ];
    for (const place of places) {
      const count = going.filter((path) => key(step, placeAt(path, step)) === key(step, place)).length;
      if (count === 0) continue;
      ids.set(key(step, place), nodes.length);
      nodes.push({ id: nodes.length, step, ...place, count });
    }
    if (step === 0) continue;
    const before = nodes.filter((node) => node.step === step - 1);
    for (const near of before) {
      for (const far of nodes.filter((node) => node.step === step)) {
        const count = going.filter(
          (path) =>
            ids.get(key(step - 1, placeAt(path, step - 1))) === near.id &&
            ids.get(key(step, placeAt(path, step))) === far.id,
        ).length;
        const ends = direction === "start" ? [near.id, far.id] : [far.id, near.id];
        if (count > 0) links.push({ source: ends[0] ?? -1, target: ends[1] ?? -1, count });
      }
    }
  }
  return {
    timeRange: {
      start: new Date(instants.startMs).toISOString(),
      end: new Date(instants.endMs).toISOString(),
    },
    by: question.by,
    [direction]: chosen,
    steps,
    sessions: paths.length,
    nodes,
    links,
  };
};
