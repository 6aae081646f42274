import { Clock, Effect } from "effect";
import { DuplicateIds } from "../ingest/duplicates/duplicate-ids.ts";
import { removeGarbage } from "../sealing/garbage.ts";
import { dateLiteral, sealDay } from "../sealing/seal-day.ts";
import { DAY_MS, HOUR_MS, SealedDays, type SiteDay } from "../sealing/sealed-days.ts";
import { Spool } from "../spool/spool.ts";
import { ClickHouse, type QueryParams } from "../store/clickhouse.ts";
import { timeText } from "../store/time-text.ts";
import { firstKeptDay, GRACE_MS } from "../verify/days.ts";
import { readFirstDays } from "../verify/first-days.ts";
import { readRollups } from "../verify/rollup.ts";
import { EventWriter } from "../writer/event-writer.ts";
import { isLetterOf } from "./dead-letter.ts";
import { BUDGET, countRows, deleteRows, hasFormerParts } from "./delete-rows.ts";
import type { Erasure, ErasureWork } from "./erasure.ts";
import { recountHours } from "./recount.ts";
import { conditionOf, paramsOf, type Subject } from "./subject.ts";
import { belongings, type ProjectTable, projectTables } from "./tables.ts";
import { withVisitors } from "./with-visitors.ts";

const POLL = "500 millis";

/** Longer than any question takes: one may still be reading the rows of a build that another has replaced. */
const QUESTIONS_END_MS = 20_000;

/** Ids that one question asks for. */
const IDS = 500_000;

type Job = Erasure & { readonly work: ErasureWork };

interface DeletedRows {
  readonly table: string;
  readonly condition: string;
  readonly params: QueryParams;
}

/** The rows of a table that go; undefined where none can be the subject's. */
const rowsIn = (
  { name, personColumns }: ProjectTable,
  { subject, upToBatch }: ErasureWork,
  requestedAtMs: number,
): DeletedRows | undefined => {
  const condition = conditionOf(subject, personColumns);
  if (condition === undefined) return undefined;
  const params = paramsOf(subject);
  // What came after the request stays. A project takes nothing any more, and all of it goes.
  return name === "events" && subject.kind !== "project"
    ? {
        table: name,
        condition: `batch <= {up_to_batch:UInt64} AND received_at <= {requested:DateTime64(3, 'UTC')} AND ${condition}`,
        params: { ...params, up_to_batch: upToBatch, requested: timeText(requestedAtMs) },
      }
    : { table: name, condition, params };
};

/** Waits until everything that was answered before the request is stored. */
const awaitStored = ({ work }: Job) =>
  Effect.gen(function* () {
    const { log, ledger } = yield* Spool;
    // Another ledger than the one that was asked is a new one: rows have other numbers in it.
    const untilRow = ledger.id === work.ledger ? work.untilRow : log.nextRow;
    while (ledger.storedRow < untilRow) yield* Effect.sleep(POLL);
  });

/** Takes the subject out of the dead letters and of the files of the spool; how many letters there were. */
const emptySpool = (subject: Subject, requestedAtMs: number) =>
  Effect.gen(function* () {
    const { log, ledger } = yield* Spool;
    let dropped = 0;
    for (;;) {
      const letters = ledger.deadLetters().filter(({ row }) => isLetterOf(row, subject, requestedAtMs));
      dropped += ledger.dropLetters(letters.map(({ id }) => id));
      // One that is being tried again cannot be dropped; it becomes an event or a letter again.
      if (letters.length === 0 || ledger.openBatch?.letter === undefined) break;
      yield* Effect.sleep(POLL);
    }
    ledger.compact();
    const isGone = log.retire();
    while (!isGone(ledger.storedRow)) yield* Effect.sleep(POLL);
    return dropped;
  });

/** What is to be deleted and counted again, found before anything is. */
const prepare = (erasure: Job) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const writer = yield* EventWriter;
    const spool = yield* Spool;
    yield* awaitStored(erasure);
    const subject = yield* withVisitors(erasure.work.subject);
    const deadLetters = yield* emptySpool(subject, erasure.requestedAtMs);
    const work: ErasureWork = { ...erasure.work, subject, upToBatch: writer.state().completedBatch };
    const rows: Record<string, number> = { dead_letters: deadLetters };
    let events: DeletedRows | undefined;
    for (const table of yield* projectTables) {
      const own = rowsIn(table, work, erasure.requestedAtMs);
      if (own === undefined) continue;
      if (own.table === "events") events = own;
      const found = yield* countRows(own.table, own.condition, own.params);
      if (found > 0) rows[own.table] = found;
    }
    const hours: Record<string, ReadonlyArray<number>> = {};
    if (events !== undefined && work.subject.kind !== "project") {
      const sites = yield* clickhouse.query<{ site: string; hours: ReadonlyArray<number> }>(
        `SELECT site_id AS site, arraySort(groupUniqArray(intDiv(toUnixTimestamp(occurred_at), 3600))) AS hours
         FROM events WHERE ${events.condition} GROUP BY site`,
        events.params,
        BUDGET,
      );
      for (const each of sites) hours[each.site] = each.hours;
    }
    const [detached] = yield* clickhouse.query<{ parts: number }>(
      "SELECT count() AS parts FROM system.detached_parts WHERE database = currentDatabase()",
    );
    return {
      ...erasure,
      state: "erasing",
      work: { ...work, hours },
      receipt: {
        ...erasure.receipt,
        rows,
        setAsideFiles: (detached?.parts ?? 0) + spool.state().damages.length,
      },
    } satisfies Erasure;
  });

/** The next time one of these events is sent it is a new event. */
const forgetIds = ({ table, condition, params }: DeletedRows, project: string) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const ids = yield* DuplicateIds;
    for (let last = ""; ; ) {
      const rows = yield* clickhouse.query<{ event_id: string }>(
        `SELECT event_id FROM ${table} WHERE ${condition} AND event_id > {last:String}
           AND received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') ORDER BY event_id LIMIT ${IDS}`,
        { ...params, last, since: ids.since },
        BUDGET,
      );
      for (const { event_id } of rows) ids.remove(project, event_id);
      if (rows.length < IDS) return;
      last = rows.at(-1)?.event_id ?? "";
    }
  });

/** Seals days again that do not hold any more; how many. */
const sealAgain = (days: ReadonlyArray<SiteDay>, subject: Subject) =>
  Effect.gen(function* () {
    const writer = yield* EventWriter;
    let count = 0;
    for (const day of days) {
      let sealed = yield* sealDay(day, writer.state().completedBatch);
      while (sealed === "arriving") {
        yield* Effect.sleep(POLL);
        sealed = yield* sealDay(day, writer.state().completedBatch);
      }
      if (typeof sealed !== "string") {
        count++;
        continue;
      }
      const ofDay = `project_id = {project:String} AND site_id = {site:String} AND date = ${dateLiteral(day.day)}`;
      const params = { ...paramsOf(subject), site: day.siteId };
      if (sealed === "endless") {
        // Its events are counted by every question from now on, also after a restart.
        for (const table of ["sealed_days", "sessions", "daily_field_stats"])
          yield* deleteRows(table, ofDay, params);
        continue;
      }
      // Its seal stands, since some of its events have expired: what names the subject goes, what it came to stays.
      const named = conditionOf(subject, ["visitor_id", "session_id"]);
      if (named !== undefined) yield* deleteRows("sessions", `${ofDay} AND ${named}`, params);
    }
    return count;
  });

const say = ({ id }: Job, what: string) => Effect.logInfo(`Erasure ${id}: ${what}`);

const erasePerson = (erasure: Job) =>
  Effect.gen(function* () {
    const { id, project, work, requestedAtMs } = erasure;
    const sealed = yield* SealedDays;
    const writer = yield* EventWriter;
    const sites = Object.entries(work.hours);
    yield* sealed.refresh;
    const days = sites.flatMap(([site, hours]) => sealed.reopen(project, site, hours));
    const rollups = yield* readRollups;
    const tables = yield* projectTables;
    const events = tables.find(({ name }) => name === "events");
    const own = events === undefined ? undefined : rowsIn(events, work, requestedAtMs);
    if (own !== undefined) {
      yield* forgetIds(own, project);
      yield* deleteRows(own.table, own.condition, own.params);
    }
    yield* say(erasure, "events are deleted");
    // Earlier days cannot be counted again: some of their events have expired. What they came to stays.
    const ownFirst = (yield* readFirstDays(GRACE_MS)).get(project) ?? 0;
    const keptFromMs = Math.max(yield* firstKeptDay(rollups), ownFirst * DAY_MS);
    let recountedHours = 0;
    for (const [site, all] of sites) {
      const hours = all.filter((hour) => hour * HOUR_MS >= keptFromMs);
      if (hours.length === 0) continue;
      recountedHours += hours.length;
      for (const rollup of rollups) {
        yield* writer.betweenBatches(recountHours(rollup, { id, project, site, hours }));
      }
    }
    yield* say(
      erasure,
      `${recountedHours} hours of sites are counted again, ${days.length} days are to be sealed again`,
    );
    // Rows that name a visitor go from those too, and from what has no days.
    for (const table of tables) {
      const named = table.name === "events" ? undefined : rowsIn(table, work, requestedAtMs);
      if (named === undefined) continue;
      const { condition, params } = named;
      yield* table.hasDate
        ? writer.betweenBatches(
            deleteRows(table.name, `${condition} AND date < ${dateLiteral(keptFromMs / DAY_MS)}`, params),
          )
        : deleteRows(table.name, condition, params);
    }
    return { recountedHours, resealedDays: yield* sealAgain(days, work.subject) };
  });

const eraseProject = (erasure: Job) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const { project, work, requestedAtMs } = erasure;
    const sealed = yield* SealedDays;
    for (const { table, column, of } of belongings) {
      const rows = yield* clickhouse.query<{ id: string }>(
        `SELECT DISTINCT ${column} AS id FROM ${of} WHERE project_id = {project:String}`,
        { project },
      );
      const ids = rows.map(({ id }) => id);
      if (ids.length > 0) yield* deleteRows(table, `${column} IN {ids:Array(String)}`, { ids });
    }
    for (const table of yield* projectTables) {
      const own = rowsIn(table, work, requestedAtMs);
      if (own === undefined) continue;
      if (own.table === "events") yield* forgetIds(own, project);
      yield* deleteRows(own.table, own.condition, own.params);
    }
    sealed.forget(project);
    return { recountedHours: 0, resealedDays: 0 };
  });

const erase = (erasure: Job) =>
  Effect.gen(function* () {
    const sealed = yield* SealedDays;
    const done = yield* sealed.undisturbed(
      erasure.kind === "project" ? eraseProject(erasure) : erasePerson(erasure),
    );
    const erasedAtMs = yield* Clock.currentTimeMillis;
    yield* say(erasure, "no answer knows of it any more");
    return {
      ...erasure,
      state: "removing",
      work: { ...erasure.work, upToBuild: sealed.lastBuild(), deletedAtMs: 0 },
      receipt: { ...erasure.receipt, ...done, erasedAtMs },
    } satisfies Erasure;
  });

/**
 * Takes an erasure that is `waiting` or `erasing` a step further. Either may be cut off at any point and begun again:
 * each finds what it has to do in what is stored, and what is done already is done again without effect.
 */
export const takeStep = (erasure: Job): ReturnType<typeof prepare> | ReturnType<typeof erase> =>
  erasure.state === "waiting" ? prepare(erasure) : erase(erasure);

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
      const isDone = yield* removeFormerBuilds(work.upToBuild);
      return isDone
        ? ({ ...erasure, work: { ...work, deletedAtMs: nowMs } } satisfies Erasure as Erasure)
        : undefined;
    }
    const names = (yield* projectTables).map(({ name }) => name);
    if (yield* hasFormerParts(names, work.deletedAtMs)) return undefined;
    return {
      ...erasure,
      state: "done",
      work: undefined,
      receipt: { ...receipt, goneAtMs: nowMs },
    } satisfies Erasure as Erasure;
  });
