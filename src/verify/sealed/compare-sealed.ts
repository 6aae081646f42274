import { Effect } from "effect";
import { dateLiteral } from "../../sealing/seal-day.ts";
import { DAY_MS, HOUR_MS, type SealedDay, SealedDays } from "../../sealing/sealed-days.ts";
import { ClickHouse, type QueryBudget, type QueryParams } from "../../store/clickhouse.ts";
import type { Difference, Settled } from "../comparison.ts";
import { PAUSES } from "../comparison.ts";
import {
  fieldsStatement,
  fieldValues,
  type SealedFieldsRow,
  type SealedSessionsRow,
  sessionsStatement,
  sessionValues,
} from "./statements.ts";

/** Sealed days of one date that are compared at once. */
export interface SealedSlice {
  readonly day: number;
  readonly days: ReadonlyArray<SealedDay>;
}

export interface SealedComparison {
  /** Stored rows that were compared. */
  readonly rows: number;
  readonly differences: ReadonlyArray<Difference>;
  /** Days of sites that are not what their events say. */
  readonly differing: ReadonlyArray<SealedDay>;
  /** Those of which it cannot be said, because a batch with events of theirs was on its way every time. */
  readonly unsettled: ReadonlyArray<SealedDay>;
}

const valuesOf = (
  names: ReadonlyArray<string>,
  found: ReadonlyArray<string>,
  expected: ReadonlyArray<string>,
  differs: ReadonlyArray<number>,
): Difference["values"] =>
  names.flatMap((name, i) =>
    differs[i] === 1 ? [{ name, found: found[i] ?? "", expected: expected[i] ?? "" }] : [],
  );

const kindOf = (found: ReadonlyArray<string>, expected: ReadonlyArray<string>): Difference["kind"] =>
  found.every((value) => value === "0")
    ? "missing"
    : expected.every((value) => value === "0")
      ? "unfounded"
      : "changed";

const placeOf = (project: string, siteId: string) => `${project}\0${siteId}`;

const look = ({ day, days }: SealedSlice, budget: QueryBudget) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const date = dateLiteral(day).slice(1, -1);
    const params: QueryParams = {
      projects: days.map(({ project }) => project),
      sites: days.map(({ siteId }) => siteId),
      builds: days.map(({ seal }) => seal.build),
    };
    const nextHours = Math.max(...days.map(({ seal }) => seal.nextHours));
    const [sessions] = yield* clickhouse.query<SealedSessionsRow>(
      sessionsStatement(day, nextHours),
      params,
      budget,
    );
    const [fields] = yield* clickhouse.query<SealedFieldsRow>(fieldsStatement(day), params, budget);
    if (sessions === undefined || fields === undefined) {
      return yield* Effect.dieMessage("A comparison has no answer");
    }
    const places = new Set(fields.places.map(([project, siteId]) => placeOf(project, siteId)));
    const differences: Array<Difference> = [];
    for (const [project_id, site_id, found, expected, differs] of sessions.differences) {
      places.add(placeOf(project_id, site_id));
      differences.push({
        table: "sessions",
        key: { project_id, site_id, date },
        kind: kindOf(found.slice(0, 1), expected.slice(0, 1)),
        values: valuesOf(sessionValues, found, expected, differs),
      });
    }
    for (const [[project_id, site_id, field, value], found, expected, differs] of fields.differences) {
      differences.push({
        table: "daily_field_stats",
        key: { project_id, site_id, date, field, value },
        kind: kindOf(found, expected),
        values: valuesOf(fieldValues, found, expected, differs),
      });
    }
    return {
      rows: sessions.sessions + fields.rows,
      differences,
      differing: days.filter(({ project, siteId }) => places.has(placeOf(project, siteId))),
    };
  });

/** The highest batch among the events that a sealed day was made from. */
const lastBatchOf = ({ project, siteId, day, seal }: SealedDay) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const [row] = yield* clickhouse.query<{ batch: number }>(
      `SELECT max(batch) AS batch FROM events
       WHERE project_id = {project:String} AND site_id = {site:String} AND NOT is_bot
         AND occurred_at >= fromUnixTimestamp64Milli({from:Int64}) AND occurred_at < fromUnixTimestamp64Milli({to:Int64})`,
      {
        project,
        site: siteId,
        from: day * DAY_MS - HOUR_MS,
        to: (day + 1) * DAY_MS + seal.nextHours * HOUR_MS,
      },
    );
    return row?.batch ?? 0;
  });

/**
 * Compares what is stored of sealed days with what the events make of them now. A seal that does not hold is no
 * difference. Where events of a day are on their way it looks again.
 */
export const compareSealed = (slice: SealedSlice, settled: Settled, budget: QueryBudget) =>
  Effect.gen(function* () {
    const sealed = yield* SealedDays;
    const holds = (known: SealedDay) => sealed.sealOf(known)?.build === known.seal.build;
    const first = yield* look(slice, budget);
    let { differences, differing } = first;
    let unsettled: ReadonlyArray<SealedDay> = [];
    for (const pause of [undefined, ...PAUSES]) {
      if (differing.length === 0) break;
      if (pause !== undefined) {
        yield* Effect.sleep(pause);
        const again = differing.filter(holds);
        ({ differences, differing } =
          again.length === 0
            ? { differences: [], differing: [] }
            : yield* look({ ...slice, days: again }, budget));
      }
      yield* sealed.refresh;
      differing = differing.filter(holds);
      const settledBatch = yield* settled;
      const onTheirWay = yield* Effect.filter(differing, (day) =>
        Effect.map(lastBatchOf(day), (batch) => batch > day.seal.watermark && batch >= settledBatch),
      );
      unsettled = onTheirWay;
      if (onTheirWay.length === 0) break;
    }
    const isTold = new Set(
      differing
        .filter((day) => !unsettled.includes(day))
        .map(({ project, siteId }) => placeOf(project, siteId)),
    );
    const isOfTold = (project: string | undefined, siteId: string | undefined) =>
      isTold.has(placeOf(project ?? "", siteId ?? ""));
    return {
      rows: first.rows,
      differences: differences.filter(({ key }) => isOfTold(key.project_id, key.site_id)),
      differing: differing.filter(({ project, siteId }) => isOfTold(project, siteId)),
      unsettled,
    } satisfies SealedComparison as SealedComparison;
  });
