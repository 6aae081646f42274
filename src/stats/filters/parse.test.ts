import { describe, expect, test } from "bun:test";
import { Either } from "effect";
import fc from "fast-check";
import { dimensionNames, type Field } from "../catalogue/dimensions.ts";
import { anyFilter } from "./any-filter.ts";
import { type Condition, type Filter, type Operator, operators } from "./filter.ts";
import { filterLimits, parseFilter, parseFilters } from "./parse.ts";
import { writeFilter } from "./write.ts";

const c = (field: Field, operator: Operator, ...values: ReadonlyArray<string>): Condition => ({
  kind: "condition",
  field,
  operator,
  values,
});
const all = (...filters: ReadonlyArray<Filter>): Filter => ({ kind: "all", filters });
const any = (...filters: ReadonlyArray<Filter>): Filter => ({ kind: "any", filters });
const [a, b, d] = [c("country", "is", "DE"), c("page", "contains", "/x"), c("widget", "gt", "5")];

const understood: ReadonlyArray<readonly [text: string, filter: Filter]> = [
  ["country:is:DE", a],
  ["country:is:DE,FR", c("country", "is", "DE", "FR")],
  [
    "country:is:DE,FR;page:contains:/post/;property:plan:is_not:free",
    all(
      c("country", "is", "DE", "FR"),
      c("page", "contains", "/post/"),
      c("property:plan", "is_not", "free"),
    ),
  ],
  // "and" binds tighter than "or"; parentheses say otherwise.
  ["country:is:DE;page:contains:/x|widget:gt:5", any(all(a, b), d)],
  ["country:is:DE|page:contains:/x;widget:gt:5", any(a, all(b, d))],
  ["country:is:DE;(page:contains:/x|widget:gt:5)", all(a, any(b, d))],
  ["((country:is:DE))", a],
  ["(country:is:DE;page:contains:/x);widget:gt:5", all(all(a, b), d)],
  // Blanks.
  [" country : is : DE , FR ; ( page:contains: /x ) ", all(c("country", "is", "DE", "FR"), b)],
  ["browser:is:Mobile Safari", c("browser", "is", "Mobile Safari")],
  ['browser:is:" a "," "', c("browser", "is", " a ", " ")],
  ["title:is:\u00a0a", c("title", "is", "\u00a0a")],
  // Quotes.
  ['title:is:""', c("title", "is", "")],
  ['title:is:"a,b;c|d(e)f"', c("title", "is", "a,b;c|d(e)f")],
  [String.raw`title:is:"say \"hi\" \\o/"`, c("title", "is", String.raw`say "hi" \o/`)],
  [String.raw`page:matches:^/post/\d+$`, c("page", "matches", String.raw`^/post/\d+$`)],
  [String.raw`page:matches:"^/(a|b)/\\d+"`, c("page", "matches", String.raw`^/(a|b)/\d+`)],
  ["page:is:https://example.org:80/", c("page", "is", "https://example.org:80/")],
  ["title:is:🦉,日本", c("title", "is", "🦉", "日本")],
  // Properties.
  ["property:plan:exists", c("property:plan", "exists")],
  ["property:a.b:is:1", c("property:a.b", "is", "1")],
  ['property:"a:b":is:1', c("property:a:b", "is", "1")],
  ['property:"":is:1', c("property:", "is", "1")],
  [String.raw`property:"a\"b\\":not_exists`, c(String.raw`property:a"b\ `.trimEnd() as Field, "not_exists")],
  ["property:__proto__:is:1", c("property:__proto__", "is", "1")],
  ["property:my plan:is:1", c("property:my plan", "is", "1")],
  // Numbers in their shortest form.
  ["widget:is:007,9007199254740991", c("widget", "is", "7", "9007199254740991")],
  ["hour_of_day:gte:+9.50", c("hour_of_day", "gte", "9.5")],
  ["property:price:lt:-1e3", c("property:price", "lt", "-1000")],
  ["property:price:lt:.5", c("property:price", "lt", "0.5")],
  ["entry_page:is:/;exit_page:exists", all(c("entry_page", "is", "/"), c("exit_page", "exists"))],
];

describe("what is understood", () => {
  test.each(understood)("%s", (text, filter) => {
    expect(parseFilter(text, "filter")).toEqual(Either.right(filter));
  });
});

const list = (count: number, text: string, mark: string) =>
  Array.from({ length: count }, () => text).join(mark);
const nested = (depth: number) => `${"(".repeat(depth)}country:is:DE${")".repeat(depth)}`;

const wrong: ReadonlyArray<readonly [text: string, says: string | RegExp]> = [
  ["", "is empty; it takes conditions such as country:is:DE,FR."],
  ["  ", /^is empty/],
  [
    "country",
    /^is wrong at character 8: expected a colon and an operator after country; a condition is field:/,
  ],
  ["country=DE", /^is wrong at character 1: "country=DE" is no field\./],
  ["Country:is:DE", /^is wrong at character 1: "Country" is no field\. Did you mean country\?/],
  ["contry:is:DE", /Did you mean country\?/],
  ["page:is:/;referer:is:x", /^is wrong at character 11: "referer" is no field\. Did you mean referrer\?/],
  ["mapping_id:is:5", /Did you mean widget\?/],
  ["properties:plan:is:5", /Did you mean property:<name>\?/],
  ["nonsense:is:5", /"nonsense" is no field\. Fields are page, entry_page, .* and property:<name>/],
  ["toString:is:5", /"toString" is no field/],
  [`${"x".repeat(500)}:is:5`, /"x{64}…" is no field/],
  ["country:DE", /^is wrong at character 9: "DE" is no operator\. .*such as country:is:DE,FR\.$/],
  ["country::DE", /^is wrong at character 9: expected an operator, found ":": any of is, is_not/],
  ["country:", /^is wrong at character 9: expected an operator, found the end/],
  ["country:iss:DE", /^is wrong at character 9: "iss" is no operator\. Did you mean is\?$/],
  ["country:IS:DE", /Did you mean is\?/],
  ["country:not exists", /"not exists" is no operator\. Did you mean not_exists\?/],
  ["country:is not:DE", /Did you mean is_not\?/],
  ["country:exist", /Did you mean exists\?/],
  ["country:!=:DE", /Did you mean is_not\?/],
  ["page:regex:x", /Did you mean matches\?/],
  ["page:startswith:x", /Did you mean starts_with\?/],
  ["country:constructor:DE", /"constructor" is no operator/],
  [
    "property:a:b:is:1",
    /^is wrong at character 12: "b" is no operator\. .* is quoted, as in property:"a:b":exists\.$/,
  ],
  ["property", /^is wrong at character 9: expected a colon and a property's name/],
  ["property::is:1", /^is wrong at character 10: expected a property's name, found ":"/],
  ["property:plan", /^is wrong at character 14: expected a colon and an operator after property:plan/],
  ["country:is", /^is wrong at character 11: expected a colon and a value after is, found the end\.$/],
  ["country:is:", /^is wrong at character 12: expected a value, found the end; the empty text is ""\.$/],
  ["country:is:DE,", /^is wrong at character 15: expected a value, found the end/],
  ["country:is:DE,,FR", /^is wrong at character 15: expected a value, found ","/],
  ["country:is:;page:is:/", /^is wrong at character 12: expected a value, found ";"/],
  ["country:exists:DE", /^is wrong at character 15: exists takes no values\.$/],
  ["country:exists:", /exists takes no values/],
  ["country:is:DE;", /^is wrong at character 15: expected a condition, found the end/],
  ["country:is:DE||page:is:/", /^is wrong at character 15: expected a condition, found "\|"/],
  [";country:is:DE", /^is wrong at character 1: expected a condition, found ";"/],
  ["()", /^is wrong at character 2: expected a condition, found "\)"/],
  ["(country:is:DE", /^is wrong at character 15: expected ; or \| or the end of the group, found the end/],
  ["country:is:DE)", /^is wrong at character 14: "\)" closes nothing/],
  ["(country:is:DE)page:is:/", /^is wrong at character 16: expected ; or \| or the end, found "p"/],
  ["(country:is:DE)(page:is:/)", /expected ; or \| or the end, found "\("/],
  ["page:matches:^/(a|b)", /^is wrong at character 16: a value that holds "\(" is quoted/],
  ['title:is:a"b"', /^is wrong at character 11: a value that holds a quotation mark is quoted, with \\" for/],
  ['title:is:"a', /^is wrong at character 10: this quotation mark is not closed/],
  ['title:is:"a\\', /^is wrong at character 12: in quotes a backslash is written \\\\/],
  [String.raw`title:is:"\d"`, /^is wrong at character 11: in quotes a backslash is written \\\\ and a/],
  [
    'title:is:"a"b',
    /^is wrong at character 13: expected , ; \| \) or the end after a quoted value, found "b"/,
  ],
  ['"country":is:DE', /expected a condition, found a quotation mark/],
  ["🦉:is:DE", /^is wrong at character 1: "🦉" is no field/],
  ['title:is:"🦉🦉";x', /^is wrong at character 15: "x"/],
  [
    "widget:is:abc",
    /^is wrong at character 11: widget takes whole numbers from 0 to 9007199254740991, not "abc"/,
  ],
  ["widget:is:-1", /whole numbers/],
  ["widget:is:1.5", /whole numbers/],
  ["widget:is:9007199254740992", /whole numbers/],
  ['widget:is:""', /whole numbers/],
  ["widget:contains:5", /^is wrong at character 8: widget does not take contains, but is, is_not, exists, /],
  ["hour_of_day:exists", /hour_of_day does not take exists, but is, is_not, gt, gte, lt, lte\./],
  ["weekday:not_exists", /weekday does not take not_exists/],
  ["widget:gt:1,2", /^is wrong at character 13: gt takes one number/],
  ...["abc", "1e400", "inf", "NaN", "0x10", "1_000", '"1 "', "1e", ".", '""'].map(
    (text) => [`property:n:gt:${text}`, /^is wrong at character 15: gt takes a number, not "/] as const,
  ),
  ['page:contains:""', /^is wrong at character 15: contains takes texts that are not empty/],
  ['page:matches:""', /matches takes texts that are not empty/],
  ["page:matches:a\\", /^is wrong at character 14: this regular expression ends in a backslash/],
  [`page:matches:${"a".repeat(501)}`, /at most 500 characters/],
  ["page:matches:.{101}", /^is wrong at character 1: the regular expressions of a filter may have 100 /],
  [list(6, "page:matches:.{20}", "|"), /^is wrong at character 96: the regular expressions of a filter/],
  ["title:is:a\u0000b", /^is wrong at character 11: there is a control character/],
  ["title:is:a\tb", /control character/],
  ["title:is:\u007f", /control character/],
  ["title:is:\ud800", /half of a surrogate pair/],
  [`country:is:${list(101, "DE", ",")}`, /at most 100 values/],
  [
    list(6, `country:is:${list(99, "DE", ",")}`, ";"),
    /^is wrong at character 1541: a filter has at most 500 val/,
  ],
  [list(51, "country:is:DE", ";"), /^is wrong at character 701: a filter has at most 50 conditions/],
  [nested(11), /^is wrong at character 11: parentheses are at most 10 deep/],
  ["(".repeat(8000), /^is wrong at character 11: parentheses/],
  [`title:is:${"a".repeat(8184)}`, "has 8193 characters; it takes at most 8192."],
];

describe("what is wrong is told with its place and what to write instead", () => {
  test.each(wrong.map(([text, says]) => [text.slice(0, 40), text, says] as const))("%j", (_, text, says) => {
    const failure = Either.getOrThrow(Either.flip(parseFilter(text, "filter")));
    expect(failure.parameter).toBe("filter");
    if (typeof says === "string") expect(failure.message).toBe(says);
    else expect(failure.message).toMatch(says);
    expect(failure.message.length).toBeLessThan(600);
  });
});

test("the bounds themselves are taken", () => {
  for (const text of [
    `country:is:${list(100, "DE", ",")}`,
    list(50, "country:is:DE", ";"),
    list(5, `country:is:${list(100, "DE", ",")}`, ";"),
    nested(10),
    `page:matches:${"a".repeat(500)}`,
    "page:matches:.{100}",
    `title:is:${"a".repeat(8183)}`,
  ]) {
    expect(Either.isRight(parseFilter(text, "filter"))).toBe(true);
  }
});

test("a parameter given again has to hold as well, within the same bounds", () => {
  expect(parseFilters(["country:is:DE|page:contains:/x", "widget:gt:5"], "filter")).toEqual(
    Either.right(all(any(a, b), d)),
  );
  const many = list(30, "country:is:DE", ";");
  expect(Either.getOrThrow(Either.flip(parseFilters([many, many], "filter"))).message).toMatch(
    /^is wrong at character 281 of number 2: a filter has at most 50 conditions/,
  );
  const long = `title:is:${"a".repeat(5000)}`;
  expect(Either.getOrThrow(Either.flip(parseFilters([long, long], "filter"))).message).toMatch(
    /has 10018 char/,
  );
  expect(parseFilters([], "filter")).toEqual(Either.right(all()));
});

test("every field and operator is known by its name", () => {
  for (const field of [...dimensionNames, "property:plan"] as ReadonlyArray<Field>) {
    for (const operator of operators) {
      const text = `${field}:${operator}${operator.endsWith("exists") ? "" : ":1"}`;
      const parsed = parseFilter(text, "filter");
      if (Either.isLeft(parsed)) expect(parsed.left.message).toContain(`${field} does not take ${operator}`);
      else expect(parsed.right).toMatchObject({ field, operator });
    }
  }
});

test("what is written is understood as the same", () => {
  fc.assert(
    fc.property(anyFilter(), (filter) => {
      const text = writeFilter(filter);
      if (text.length > filterLimits.characters) return;
      expect(parseFilter(text, "filter")).toEqual(Either.right(filter));
    }),
    { numRuns: 1500 },
  );
});

test("filters that no text stands for as they are become others that mean the same", () => {
  expect(writeFilter(all())).toBe("");
  expect(writeFilter(any())).toBe("(site:exists;site:not_exists)");
  expect(writeFilter(all(any(a), any(), c("site", "is")))).toBe(
    "country:is:DE;(site:exists;site:not_exists);(site:exists;site:not_exists)",
  );
  expect(writeFilter(any(b, all(), c("site", "is_not")))).toBe(
    "page:contains:/x|(site:exists|site:not_exists)|(site:exists|site:not_exists)",
  );
});

test("any text is understood or refused, and what is understood can be written", () => {
  const piece = fc.oneof(
    fc.constantFrom(...',;|()":\\ ', "country", "property", "widget", '"a"', "a", "5", "\0", "\ud83e"),
    fc.constantFrom(":is:", ":exists", ":gt:", ":matches:", "country:is:DE", "property:a:exists", "page:"),
    fc.string({ unit: "binary", maxLength: 3 }),
  );
  const text = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: "binary", maxLength: 60 })), (random) => {
      const parsed = parseFilter(random, "filter");
      if (Either.isLeft(parsed)) expect(parsed.left).toMatchObject({ _tag: "InvalidParameter" });
      else expect(parseFilter(writeFilter(parsed.right), "filter")).toEqual(parsed);
    }),
    { numRuns: 5000 },
  );
});
