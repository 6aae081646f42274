import type { QueryParams } from "../../store/clickhouse.ts";
import { type ColumnOf, isOfSession, isOfSessionOnly } from "../catalogue/dimensions.ts";
import { filterCondition } from "../filters/condition.ts";
import { type Filter, fieldsOf, type Group } from "../filters/filter.ts";

/**
 * A filter as it is asked of sessions that are put together from their events: each event is marked with what holds for it,
 * one bit per part of the filter, and the session is judged by the marks of its events.
 */
export interface SessionMarks {
  /** The marks of the event `t`; undefined where the filter asks nothing. */
  readonly ofEvent: string | undefined;
  /** Whether it matters which of the events of one millisecond is first. */
  readonly needsOrder: boolean;
  /** Over `marks`, those of a session's events in their order. */
  readonly condition: string;
  readonly params: QueryParams;
}

/** Whose events a part is asked of: the first one, the first or last page view, or any. */
type Asked = "first" | "entry_page" | "exit_page" | "any";

/** The bit of page views. Parts have the bits above it. */
const VIEW = 0;

const askedOf = (filter: Filter): Asked | undefined => {
  const asked = new Set(
    fieldsOf(filter).map((field): Asked => {
      if (field === "entry_page" || field === "exit_page") return field;
      return isOfSession(field) ? "first" : "any";
    }),
  );
  const [only] = asked;
  return asked.size === 1 ? only : undefined;
};

/** The parts of a group, without groups of its kind or of one in between. */
const partsOf = ({ kind, filters }: Group): ReadonlyArray<Filter> =>
  filters.flatMap((part) =>
    part.kind !== "condition" && (part.kind === kind || part.filters.length === 1)
      ? partsOf({ kind, filters: part.filters })
      : [part],
  );

/**
 * Marks for a filter. Fields that sessions have are asked of their first event, entry and exit page of their first and last
 * page view (empty without one). A largest part that only asks for fields of single events holds when it does for one event
 * of the session in the range; parts beside each other are asked of the same event. `inRange` is over `t`.
 */
export const sessionMarks = (filter: Filter, fields: ColumnOf, inRange: string): SessionMarks => {
  const bits: Array<string> = [];
  const kinds = new Set<Asked>();
  let params: QueryParams = {};

  const leaf = (part: Filter, asked: Asked): string => {
    kinds.add(asked);
    const name = `session_${bits.length}`;
    const page: ColumnOf = (field) => fields(isOfSessionOnly(field) ? "page" : field);
    const condition = filterCondition(part, page, name);
    params = { ...params, ...condition.params };
    bits.push(asked === "any" ? `(${condition.sql} AND ${inRange})` : `(${condition.sql})`);
    const bit = VIEW + bits.length;
    switch (asked) {
      case "first":
        return `bitTest(marks[1], ${bit})`;
      case "any":
        return `bitTest(arrayReduce('groupBitOr', marks), ${bit})`;
      case "entry_page":
      case "exit_page": {
        const none = filterCondition(part, () => ({ sql: "''", type: "text", params: {} }), name);
        const views = `arrayFilter(mark -> bitTest(mark, ${VIEW}), marks)`;
        return `if(empty(${views}), ${none.sql}, bitTest(${views}[${asked === "entry_page" ? 1 : -1}], ${bit}))`;
      }
    }
  };

  const conditionOf = (part: Filter): string => {
    const asked = askedOf(part);
    if (asked !== undefined) return leaf(part, asked);
    if (part.kind === "condition") throw new Error("A condition asks of one kind of event.");
    const parts = partsOf(part);
    if (parts.length === 0) return part.kind === "all" ? "1" : "0";
    const ofAny = parts.filter((inner) => askedOf(inner) === "any");
    const rest = parts.filter((inner) => askedOf(inner) !== "any");
    return [
      ...(ofAny.length === 0 ? [] : [leaf({ kind: part.kind, filters: ofAny }, "any")]),
      ...rest.map((inner) => `(${conditionOf(inner)})`),
    ].join(part.kind === "all" ? " AND " : " OR ");
  };

  const condition = conditionOf(filter);
  if (bits.length === 0) return { ofEvent: undefined, needsOrder: false, condition, params };
  const width = [8, 16, 32].find((most) => bits.length + 1 <= most) ?? 64;
  const marked = ["t.event_type = 'page_view'", ...bits].map(
    (bit, index) => `(${bit}) * ${1n << BigInt(index)}`,
  );
  return {
    ofEvent: `toUInt${width}(${marked.join(" + ")})`,
    needsOrder: kinds.has("first"),
    condition,
    params,
  };
};
