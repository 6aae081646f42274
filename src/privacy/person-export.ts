import { Clock, Duration, Effect, Option, Ref } from "effect";
import { eventColumnNames, jsonLine } from "../export/event-columns.ts";
import type { ExportFile } from "../export/file/export-file.ts";
import { Spool } from "../spool/spool.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { eventColumns } from "../store/event-row.ts";
import { isLetterOf } from "./dead-letter.ts";
import { BUDGET } from "./delete-rows.ts";
import { conditionOf, paramsOf, type Subject } from "./subject.ts";
import { type ProjectTable, projectTables } from "./tables.ts";
import { withVisitors } from "./with-visitors.ts";

/** What was answered is stored within seconds; an outage is not waited for. */
const SPOOL_WAIT = Duration.seconds(10);

const line = (value: object): Uint8Array => Buffer.from(`${JSON.stringify(value)}\n`);

const countLines = (bytes: Uint8Array): number =>
  bytes.reduce((sum, byte) => (byte === 0x0a ? sum + 1 : sum), 0);

/** How many events of the spool are not stored yet, after a moment for them to be. */
const waitForSpool = Effect.gen(function* () {
  const { log, ledger } = yield* Spool;
  const untilRow = log.nextRow;
  const stored = Effect.repeat(Effect.delay(Effect.void, "100 millis"), {
    until: () => ledger.storedRow >= untilRow,
  });
  if (ledger.storedRow < untilRow) yield* Effect.timeoutOption(stored, SPOOL_WAIT);
  return Math.max(0, untilRow - ledger.storedRow);
});

/** The rows of a table besides `events` that name the person. */
const otherRows = ({ name, personColumns, shown }: ProjectTable, subject: Subject) =>
  Effect.gen(function* () {
    const condition = conditionOf(subject, personColumns);
    if (condition === undefined) return [];
    const clickhouse = yield* ClickHouse;
    // Of a day that was sealed more than once the last time counts.
    const counts = name === "sessions" ? "AND build IN (SELECT build FROM sealed_days FINAL)" : "";
    return yield* clickhouse.query<object>(
      `SELECT ${shown} FROM (SELECT * FROM ${name} WHERE ${condition} ${counts})`,
      paramsOf(subject),
      BUDGET,
    );
  });

/**
 * Everything that is stored of a person, as lines of JSON: what is asked for, each event as `GET /v1/export` writes it,
 * the rows of other tables that name the person, dead letters, and at the end how many of each there were. A file without
 * an end was broken off.
 */
export const personExport = (asked: Subject) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const { ledger } = yield* Spool;
    const nowMs = yield* Clock.currentTimeMillis;
    const waiting = yield* waitForSpool;
    const subject = yield* withVisitors(asked);
    const params = paramsOf(subject);
    const tables = yield* projectTables;
    const counted: Record<string, number> = { events: 0, dead_letters: 0 };
    const isPerson = conditionOf(subject, ["user_id", "visitor_id", "session_id"]);
    const days = yield* clickhouse.query<{ day: string }>(
      `SELECT DISTINCT toString(toDate(occurred_at)) AS day FROM events WHERE ${isPerson} ORDER BY day`,
      params,
      BUDGET,
    );
    const eventsOf = (day: string) =>
      Effect.map(
        clickhouse.queryAs(
          "LineAsString",
          `SELECT concat('{"event":', ${jsonLine}, '}') FROM events AS t
           WHERE toDate(t.occurred_at) = {day:Date} AND ${isPerson} ORDER BY t.occurred_at, t.event_id`,
          { ...params, day },
          BUDGET,
        ),
        (bytes) => {
          counted.events = (counted.events ?? 0) + countLines(bytes);
          return [bytes];
        },
      );
    const rest = Effect.gen(function* () {
      const lines: Array<Uint8Array> = [];
      for (const table of tables) {
        if (table.name === "events" || table.personColumns.length === 0) continue;
        const rows = yield* otherRows(table, subject);
        counted[table.name] = rows.length;
        lines.push(...rows.map((row) => line({ [table.name]: row })));
      }
      for (const { row, rejectedAt } of ledger.deadLetters()) {
        if (!isLetterOf(row, subject, nowMs)) continue;
        counted.dead_letters = (counted.dead_letters ?? 0) + 1;
        const values = JSON.parse(row) as ReadonlyArray<unknown>;
        const names = new Set<string>(eventColumnNames);
        const event = eventColumns.flatMap((name, index) => (names.has(name) ? [[name, values[index]]] : []));
        lines.push(line({ dead_letter: { rejected_at: rejectedAt, event: Object.fromEntries(event) } }));
      }
      lines.push(line({ end: { rows: counted, waiting } }));
      return lines;
    });
    const parts = yield* Ref.make([...days.map(({ day }) => eventsOf(day)), rest]);
    return {
      beginning: [
        line({
          person: {
            project: subject.project,
            named_by: subject.kind,
            generated_at: new Date(nowMs).toISOString(),
          },
        }),
      ],
      next: Effect.gen(function* () {
        const [next, ...later] = yield* Ref.get(parts);
        if (next === undefined) return Option.none();
        const bytes = yield* next;
        yield* Ref.set(parts, later);
        return Option.some(bytes);
      }),
    } satisfies ExportFile as ExportFile;
  });
