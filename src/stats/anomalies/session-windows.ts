import { Effect } from "effect";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import type { StatsServices } from "../answering/answering.ts";
import { countsOf } from "../counts.ts";
import { type CountedWindows, eventsFromMs, filterOf, type Watched } from "./watched.ts";
import { edgesOf, type Window } from "./windows.ts";

/**
 * Counts the sessions that begin in windows: those of sealed days as they were written, all others by their events. Where
 * these are needed and may be gone, windows that begin before `fromMs` are left out.
 */
export const countSessions = (
  watched: Watched,
  windows: ReadonlyArray<Window>,
  fromMs = 0,
): Effect.Effect<CountedWindows, ClickHouseError, StatsServices> => {
  const known = windows.filter(({ startMs }) => startMs >= fromMs);
  // What lies between two windows is counted under the start of the gap, which is nobody's.
  const edges = edgesOf(known);
  const counted = countsOf({
    project: watched.project,
    range: { fromMs: edges[0] ?? 0, toMs: edges.at(-1) ?? 0, zone: "UTC" },
    filter: filterOf(watched),
    bots: "exclude",
    people: "visitors",
    goal: watched.goal,
    dimension: undefined,
    search: undefined,
    bucketStartsMs: edges,
    measures: ["sessions"],
    wholeSessions: false,
  });
  return counted.pipe(
    Effect.map((rows) => ({ fromMs, rows })),
    // Events are needed that are gone. From here on they are not, and each time fewer windows are left.
    Effect.catchTag("InvalidParameter", () =>
      Effect.flatMap(eventsFromMs(watched), (keptFromMs) => countSessions(watched, known, keptFromMs)),
    ),
  );
};
