/**
 * The answers of the stats routes counted from a list of events in plain TypeScript, for tests. It shares nothing with
 * the code it judges: calendars come from Intl, parameters are read here again, and only valid ones are expected.
 */

export interface StoredEvent {
  readonly site_id: string;
  readonly source: string;
  readonly event_type: string;
  readonly occurredAtMs: number;
  readonly visitor_id: number;
  readonly is_bot: boolean;
  readonly mapping_id: number;
  readonly post_id: number;
  readonly device_slug: string;
}

export interface LocalTime {
  readonly date: string;
  readonly hour: string;
  readonly minute: string;
  readonly offset: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const known = new Map<string, LocalTime>();

export const localTime = (ms: number, zone: string): LocalTime => {
  const key = `${zone} ${Math.floor(ms / 60_000)}`;
  const seen = known.get(key);
  if (seen !== undefined) return seen;
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      timeZoneName: "longOffset",
    });
  formats.set(zone, format);
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  const local = {
    date: `${parts.year}-${parts.month}-${parts.day}`,
    hour: String(parts.hour),
    minute: String(parts.minute),
    offset: parts.timeZoneName === "GMT" ? "+00:00" : String(parts.timeZoneName).replace("GMT", ""),
  };
  known.set(key, local);
  return local;
};

const hourLabel = (ms: number, zone: string): string => {
  const { date, hour, offset } = localTime(ms, zone);
  let start = Math.floor(ms / 60_000) * 60_000;
  for (;;) {
    const before = localTime(start - 60_000, zone);
    if (before.date !== date || before.hour !== hour || before.offset !== offset) break;
    start -= 60_000;
  }
  return `${date}T${hour}:${localTime(start, zone).minute}:00${offset}`;
};

const mondayOf = (date: string): string => {
  const ms = Date.parse(`${date}T00:00:00Z`);
  const sinceMonday = (new Date(ms).getUTCDay() + 6) % 7;
  return new Date(ms - sinceMonday * 86_400_000).toISOString().slice(0, 10);
};

export const labelOf = (ms: number, zone: string, interval: string): string => {
  if (interval === "hour") return hourLabel(ms, zone);
  const { date } = localTime(ms, zone);
  if (interval === "week") return mondayOf(date);
  return interval === "month" ? `${date.slice(0, 7)}-01` : date;
};

export const isDate = (text: string): boolean => text.length === 10;

const zoneOf = (params: URLSearchParams): string => params.get("timezone") ?? "UTC";

const inRange = (ms: number, params: URLSearchParams): boolean => {
  const [from, to] = [params.get("from") ?? "", params.get("to") ?? ""];
  const { date } = localTime(ms, zoneOf(params));
  return (
    (isDate(from) ? date >= from : ms >= Date.parse(from)) && (isDate(to) ? date <= to : ms < Date.parse(to))
  );
};

const matching = (events: ReadonlyArray<StoredEvent>, params: URLSearchParams): ReadonlyArray<StoredEvent> =>
  events.filter((event) => {
    const bots = params.get("bots") ?? "exclude";
    if (bots === "exclude" && event.is_bot) return false;
    if (bots === "only" && !event.is_bot) return false;
    for (const name of ["site_id", "source", "mapping_id", "post_id", "device_slug", "event_type"] as const) {
      const values = params.getAll(name).flatMap((text) => text.split(","));
      if (values.length > 0 && !values.includes(String(event[name]))) return false;
    }
    return inRange(event.occurredAtMs, params);
  });

const visitors = (events: ReadonlyArray<StoredEvent>): number =>
  new Set(events.map(({ visitor_id }) => visitor_id)).size;

type Row = Readonly<Record<string, string | number>>;

const compare = (a: string | number | undefined, b: string | number | undefined): number =>
  a === b ? 0 : (a ?? 0) < (b ?? 0) ? -1 : 1;

const countRows = (
  events: ReadonlyArray<StoredEvent>,
  params: URLSearchParams,
  keys: ReadonlyArray<string>,
  names: { readonly impressions: string; readonly clicks: string; readonly ctr?: string },
): ReadonlyArray<Row> => {
  const grouped = (params.get("group_by") ?? "").split(",").filter((name) => name !== "");
  const groups = new Map<string, { row: Row; events: Array<StoredEvent> }>();
  for (const event of matching(events, params)) {
    if (!event.event_type.startsWith("widget_")) continue;
    const columns: Record<string, string | number | boolean> = {
      ...event,
      date: localTime(event.occurredAtMs, zoneOf(params)).date,
    };
    const row = Object.fromEntries([...keys, ...grouped].map((name) => [name, columns[name] as string]));
    const group = groups.get(JSON.stringify(row)) ?? { row, events: [] };
    group.events.push(event);
    groups.set(JSON.stringify(row), group);
  }
  const rows = [...groups.values()].map(({ row, events: own }) => {
    const impressions = own.filter(({ event_type }) => event_type === "widget_impression").length;
    const clicks = own.length - impressions;
    const counted: Row = {
      ...row,
      [names.impressions]: impressions,
      [names.clicks]: clicks,
      unique_visitors: visitors(own),
    };
    if (names.ctr === undefined) return { row: counted, ratio: 0 };
    const ratio = impressions === 0 ? 0 : clicks / impressions;
    // Halves up in decimal: the ratio's own digits, and a nudge for the half that has no exact binary fraction.
    return { row: { ...counted, [names.ctr]: Math.round((ratio + 1e-12) * 1000) / 1000 }, ratio };
  });
  const terms = [...(params.get("sort") ?? `-${names.impressions}`).split(",")];
  // The day comes last among the keys whatever its place in group_by.
  const ties = [...keys, ...grouped.filter((name) => name !== "date"), "date"];
  rows.sort((a, b) => {
    for (const term of terms) {
      const name = term.replace(/^-/, "");
      const order = name === "ctr" ? compare(a.ratio, b.ratio) : compare(a.row[name], b.row[name]);
      if (order !== 0) return term.startsWith("-") ? -order : order;
    }
    for (const name of ties) {
      const order = compare(a.row[name], b.row[name]);
      if (order !== 0) return order;
    }
    return 0;
  });
  const offset = Number(params.get("offset") ?? 0);
  return rows.slice(offset, offset + Number(params.get("limit") ?? 100)).map(({ row }) => row);
};

export const recountWidgets = (events: ReadonlyArray<StoredEvent>, params: URLSearchParams) =>
  countRows(events, params, ["mapping_id", "device_slug"], {
    impressions: "impressions",
    clicks: "clicks",
    ctr: "ctr",
  });

export const recountPosts = (events: ReadonlyArray<StoredEvent>, params: URLSearchParams) =>
  countRows(events, params, ["post_id"], { impressions: "widget_impressions", clicks: "widget_clicks" });

const MINUTE_MS = 60_000;
const walkMinutes: Readonly<Record<string, number>> = { hour: 15, day: 60, week: 720, month: 720 };

/** Walks through the range in steps shorter than any bucket, so that no calendar arithmetic is needed. */
export const recountTimeseries = (
  events: ReadonlyArray<StoredEvent>,
  params: URLSearchParams,
): ReadonlyArray<Row> => {
  const interval = params.get("interval") ?? "day";
  const zone = zoneOf(params);
  const [from, to] = [params.get("from") ?? "", params.get("to") ?? ""];
  const stepMs = (walkMinutes[interval] ?? 15) * MINUTE_MS;
  // Zones reach from UTC-12 to UTC+14; what the margin adds too much is not in the range.
  const start = isDate(from) ? Date.parse(from) - 14 * 60 * MINUTE_MS : Date.parse(from);
  const end = isDate(to) ? Date.parse(to) + 36 * 60 * MINUTE_MS : Date.parse(to);
  const labels = new Set<string>();
  for (let ms = start; ms < end; ms += stepMs) {
    if (inRange(ms, params)) labels.add(labelOf(ms, zone, interval));
  }
  if (inRange(end - 1, params)) labels.add(labelOf(end - 1, zone, interval));

  const byLabel = new Map<string, Array<StoredEvent>>([...labels].map((label) => [label, []]));
  for (const event of matching(events, params)) {
    byLabel.get(labelOf(event.occurredAtMs, zone, interval))?.push(event);
  }
  return [...byLabel].map(([bucket, own]) => ({
    bucket,
    count: own.length,
    unique_visitors: visitors(own),
  }));
};
