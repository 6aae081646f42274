import type { Spool } from "../spool/spool.ts";
import { eventColumns, splitRows } from "../store/event-row.ts";
import type { RecentTraffic } from "./recent-traffic.ts";
import { Sighting, WINDOW_MINUTES } from "./sightings.ts";

/** Bytes of the log that are looked through at a time. */
const READ_BYTES = 8 * 1024 * 1024;

const place = (column: (typeof eventColumns)[number]): number => eventColumns.indexOf(column);

const PROJECT = place("project_id");
const TYPE = place("event_type");
const OCCURRED = place("occurred_at");
const RECEIVED = place("received_at");
const SITE = place("site_id");
const VISITOR = place("visitor_id");
const PAGE = place("page_path");
const REFERRER = place("referrer_domain");
const CHANNEL = place("channel");
const COUNTRY = place("country");
const BOT = place("is_bot");

const valuesOf = (row: Buffer): ReadonlyArray<unknown> => {
  try {
    const values: unknown = JSON.parse(row.toString());
    return Array.isArray(values) ? values : [];
  } catch {
    return [];
  }
};

/** Records the events of encoded rows (see `RowBuffer`) as if they had just been taken. Epoch ms. */
export const recordRows = (traffic: RecentTraffic, rows: Buffer, now: number): void => {
  const since = now - WINDOW_MINUTES * 60_000;
  for (const row of splitRows(rows)) {
    const values = valuesOf(row);
    const at = Math.min(Number(values[OCCURRED]), Number(values[RECEIVED]));
    if (!(at > since) || values[BOT] !== false) continue;
    const text = (column: number) => String(values[column]);
    const second = Math.floor(at / 1000);
    const sighting = new Sighting(
      text(SITE),
      text(VISITOR),
      text(PAGE),
      text(REFERRER),
      text(CHANNEL),
      second,
    );
    if (values[TYPE] === "page_view") {
      sighting.views = 1;
      sighting.viewedAt = second;
    }
    traffic.record(text(PROJECT), text(COUNTRY), [sighting]);
  }
};

/** Records the events that wait in the spool to be stored. What was written before the window began is not looked at. */
export const recordSpooled = (
  traffic: RecentTraffic,
  { log, ledger }: Pick<Spool["Type"], "log" | "ledger">,
  now: number,
): void => {
  const since = now / 1000 - WINDOW_MINUTES * 60;
  for (let row = ledger.storedRow; ; ) {
    const found = log.read(row, { maxRows: Number.MAX_SAFE_INTEGER, maxBytes: READ_BYTES });
    if (found === undefined) break;
    row = found.endRow;
    const writtenAt = log.writtenAt(row - 1);
    if (writtenAt === undefined || writtenAt >= since) recordRows(traffic, found.rows, now);
  }
};
