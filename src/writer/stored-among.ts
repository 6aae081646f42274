import { Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";

/** What an event is found by. */
export interface EventKey {
  readonly project: string;
  readonly id: string;
  /** Epoch ms. */
  readonly receivedAt: number;
}

const textOf = ({ project, id }: Pick<EventKey, "project" | "id">) => `${project}\0${id}`;

/** Those whose id is among the raw events that were received in the time that all of these span. */
export const storedAmong = <Event extends EventKey>(
  events: ReadonlyArray<Event>,
): Effect.Effect<ReadonlySet<Event>, ClickHouseError, ClickHouse> =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const times = events.map(({ receivedAt }) => receivedAt);
    const found = yield* clickhouse.query<{ project: string; id: string }>(
      `SELECT project_id AS project, event_id AS id FROM events
       WHERE received_at BETWEEN fromUnixTimestamp64Milli({from:Int64}) AND fromUnixTimestamp64Milli({to:Int64})
         AND event_id IN {ids:Array(String)}`,
      { from: Math.min(...times), to: Math.max(...times), ids: events.map(({ id }) => id) },
    );
    const stored = new Set(found.map(textOf));
    return new Set(events.filter((event) => stored.has(textOf(event))));
  });
