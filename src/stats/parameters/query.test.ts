import { expect, test } from "bun:test";
import { Either } from "effect";
import { decodePostsQuery } from "../posts.ts";
import { clickThroughRate, decodeWidgetsQuery } from "../widgets.ts";
import { decodeTimeseriesQuery } from "./query.ts";
import type { Decoded } from "./reader.ts";

const JANUARY = "from=2024-01-01&to=2024-01-31";

const wrong: ReadonlyArray<{
  name: string;
  query: string;
  parameter: string;
  says: RegExp;
  decode?: (params: URLSearchParams) => Decoded<unknown>;
}> = [
  { name: "no from", query: "to=2024-01-31", parameter: "from", says: /^is required: a date/ },
  { name: "no to", query: "from=2024-01-31", parameter: "to", says: /^is required/ },
  { name: "empty from", query: "from=&to=2024-01-31", parameter: "from", says: /^is empty/ },
  { name: "misspelt name", query: `form=2024-01-01&${JANUARY}`, parameter: "form", says: /takes .*from, to/ },
  { name: "no such day", query: "from=2024-02-30&to=2024-03-01", parameter: "from", says: /^takes a date/ },
  { name: "no offset", query: "from=2024-01-01T00:00&to=2024-01-31", parameter: "from", says: /offset/ },
  { name: "no such hour", query: "from=2024-01-01T25:00Z&to=2024-01-31", parameter: "from", says: /offset/ },
  { name: "epoch", query: "from=1700000000&to=2024-01-31", parameter: "from", says: /^takes a date/ },
  { name: "early year", query: "from=1969-01-01&to=1972-01-31", parameter: "from", says: /1971 to 2099/ },
  { name: "late year", query: "from=2099-01-01&to=2100-01-01", parameter: "to", says: /1971 to 2099/ },
  { name: "from after to", query: "from=2024-02-01&to=2024-01-31", parameter: "to", says: /before from/ },
  {
    name: "no time between",
    query: "from=2024-01-01T00:00Z&to=2024-01-01T01:00%2B01:00",
    parameter: "to",
    says: /after from/,
  },
  { name: "too long", query: "from=2000-01-01&to=2024-01-31", parameter: "from", says: /20 years/ },
  { name: "from twice", query: `from=2024-01-01&${JANUARY}`, parameter: "from", says: /2 times/ },
  { name: "no such zone", query: `${JANUARY}&timezone=Mars/Olympus`, parameter: "timezone", says: /IANA/ },
  { name: "bare offset", query: `${JANUARY}&timezone=%2B02:00`, parameter: "timezone", says: /IANA/ },
  { name: "id not a number", query: `${JANUARY}&mapping_id=abc`, parameter: "mapping_id", says: /whole/ },
  { name: "negative id", query: `${JANUARY}&post_id=-1`, parameter: "post_id", says: /whole/ },
  { name: "fraction", query: `${JANUARY}&post_id=1.5`, parameter: "post_id", says: /whole/ },
  { name: "NaN", query: `${JANUARY}&post_id=NaN`, parameter: "post_id", says: /whole/ },
  {
    name: "id beyond 2^53",
    query: `${JANUARY}&post_id=9007199254740993`,
    parameter: "post_id",
    says: /whole/,
  },
  { name: "empty among ids", query: `${JANUARY}&post_id=1,,2`, parameter: "post_id", says: /whole/ },
  { name: "empty site", query: `${JANUARY}&site_id=`, parameter: "site_id", says: /1 to 253/ },
  { name: "NUL", query: `${JANUARY}&device_slug=a%00b`, parameter: "device_slug", says: /1 to 200/ },
  {
    name: "too many ids",
    query: `${JANUARY}&post_id=${Array.from({ length: 101 }, (_, i) => i).join(",")}`,
    parameter: "post_id",
    says: /at most 100/,
  },
  { name: "limit 0", query: `${JANUARY}&limit=0`, parameter: "limit", says: /from 1 to 1000/ },
  { name: "limit 1001", query: `${JANUARY}&limit=1001`, parameter: "limit", says: /from 1 to 1000/ },
  { name: "limit 1e3", query: `${JANUARY}&limit=1e3`, parameter: "limit", says: /from 1 to 1000/ },
  {
    name: "offset overflow",
    query: `${JANUARY}&offset=99999999999999999`,
    parameter: "offset",
    says: /from 0/,
  },
  {
    name: "no such column",
    query: `${JANUARY}&sort=-visitors`,
    parameter: "sort",
    says: /impressions, clicks/,
  },
  { name: "sort by no group", query: `${JANUARY}&sort=date`, parameter: "sort", says: /any of/ },
  {
    name: "no such group",
    query: `${JANUARY}&group_by=country`,
    parameter: "group_by",
    says: /post_id, site_id/,
  },
  { name: "no such rule", query: `${JANUARY}&bots=yes`, parameter: "bots", says: /exclude, include, only/ },
  {
    name: "long project",
    query: `${JANUARY}&project=${"p".repeat(65)}`,
    parameter: "project",
    says: /1 to 64/,
  },
  {
    name: "event type here",
    query: `${JANUARY}&event_type=a`,
    parameter: "event_type",
    says: /not a parameter/,
  },
  {
    name: "device group of posts",
    query: `${JANUARY}&group_by=device_slug`,
    parameter: "group_by",
    says: /site_id, source, date/,
    decode: decodePostsQuery,
  },
  {
    name: "no such interval",
    query: `${JANUARY}&interval=minute`,
    parameter: "interval",
    says: /hour, day, week, month/,
    decode: decodeTimeseriesQuery,
  },
  {
    name: "no such event type",
    query: `${JANUARY}&event_type=caf%C3%A9`,
    parameter: "event_type",
    says: /1 to 64 letters/,
    decode: decodeTimeseriesQuery,
  },
  {
    name: "limit of a time series",
    query: `${JANUARY}&limit=5`,
    parameter: "limit",
    says: /not a parameter/,
    decode: decodeTimeseriesQuery,
  },
];

test.each(wrong)("$name: the answer names the parameter and what it takes", (row) => {
  const decoded = (row.decode ?? decodeWidgetsQuery)(new URLSearchParams(row.query));
  const error = Either.getOrThrow(Either.flip(decoded as Decoded<unknown>));
  expect({
    parameter: error.parameter,
    says: row.says.test(error.message) ? row.says : error.message,
  }).toEqual({
    parameter: row.parameter,
    says: row.says,
  });
});

const widgets = (query: string) => Either.getOrThrow(decodeWidgetsQuery(new URLSearchParams(query)));

test("what is left out has its default", () => {
  expect(widgets(JANUARY)).toEqual({
    project: "default",
    range: { fromMs: Date.UTC(2024, 0, 1), toMs: Date.UTC(2024, 1, 1), zone: "UTC" },
    filter: { kind: "all", filters: [] },
    bots: "exclude",
    groupBy: [],
    sort: [{ column: "impressions", descending: true }],
    limit: 100,
    offset: 0,
  });
});

const ranges = [
  ["from=2024-01-01&to=2024-01-01", "2024-01-01T00:00:00.000Z", "2024-01-02T00:00:00.000Z"],
  [
    "from=2024-03-31&to=2024-03-31&timezone=Europe/Berlin",
    "2024-03-30T23:00:00.000Z",
    "2024-03-31T22:00:00.000Z",
  ],
  [
    "from=2024-10-27&to=2024-10-27&timezone=Europe/Berlin",
    "2024-10-26T22:00:00.000Z",
    "2024-10-27T23:00:00.000Z",
  ],
  [
    "from=2024-01-01&to=2024-01-01&timezone=Asia/Kathmandu",
    "2023-12-31T18:15:00.000Z",
    "2024-01-01T18:15:00.000Z",
  ],
  // The clock of São Paulo went from 23:59 to 01:00 that night.
  [
    "from=2018-11-04&to=2018-11-04&timezone=America/Sao_Paulo",
    "2018-11-04T03:00:00.000Z",
    "2018-11-05T02:00:00.000Z",
  ],
  [
    "from=2024-01-01T00:00:00.0001Z&to=2024-01-01T02:00%2B01:00",
    "2024-01-01T00:00:00.001Z",
    "2024-01-01T01:00:00.000Z",
  ],
  // A plus sign that nobody encoded.
  ["from=2024-01-01T02:00+02:00&to=2024-01-01", "2024-01-01T00:00:00.000Z", "2024-01-02T00:00:00.000Z"],
  // Samoa had no 30 December 2011.
  [
    "from=2011-12-30&to=2011-12-30&timezone=Pacific/Apia",
    "2011-12-30T10:00:00.000Z",
    "2011-12-30T10:00:00.000Z",
  ],
] as const;

test.each(ranges)("%s is from %s until %s", (query, from, to) => {
  const { range } = widgets(query);
  expect([range.fromMs, range.toMs].map((ms) => new Date(ms).toISOString())).toEqual([from, to]);
});

test("values are repeated or separated by commas, but a comma belongs to a device", () => {
  const query = `${JANUARY}&post_id=1,2&post_id=2&post_id=3&site_id=a.org,b.org&device_slug=a,b&device_slug=c`;
  const is = (field: string, values: ReadonlyArray<string>) => ({
    kind: "condition",
    field,
    operator: "is",
    values,
  });
  expect(widgets(query).filter as unknown).toEqual({
    kind: "all",
    filters: [is("site", ["a.org", "b.org"]), is("post", ["1", "2", "3"]), is("device_slug", ["a,b", "c"])],
  });
});

test("rows are sorted by several columns, those of group_by too", () => {
  const { sort, groupBy } = widgets(`${JANUARY}&group_by=date,site_id&sort=date,-ctr`);
  expect(groupBy).toEqual(["date", "site_id"]);
  expect(sort).toEqual([
    { column: "date", descending: false },
    { column: "ctr", descending: true },
  ]);
});

test.each([
  [12500, 340, 0.027],
  [2000, 1, 0.001],
  [2001, 1, 0],
  [400, 1, 0.003],
  [0, 3, 0],
  [3, 1, 0.333],
  [3, 2, 0.667],
  [1, 2, 2],
])("%d impressions and %d clicks are a rate of %d", (impressions, clicks, rate) => {
  expect(clickThroughRate(impressions, clicks)).toBe(rate);
});
