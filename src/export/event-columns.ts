/** What a column holds, which decides how each format writes it. */
type Kind =
  | "text"
  /** A whole number that a JSON number holds exactly. */
  | "number"
  /** A whole number of 64 bits. */
  | "id"
  | "flag"
  | "time"
  /** The text of a JSON object. */
  | "json";

interface EventColumn {
  readonly kind: Kind;
  readonly description: string;
}

const text = (description: string): EventColumn => ({ kind: "text", description });
const number = (description: string): EventColumn => ({ kind: "number", description });

/**
 * The columns of a single event in the order in which they are written, with the names that `POST /v1/events` has for
 * them; what the service added stands among them. An empty text and the number 0 mean "none".
 */
export const eventColumns = {
  event_id: text("The sender's id of the event, or the one that it was given."),
  event_type: text("Type of the event."),
  event_version: number("Version of the event's format."),
  occurred_at: { kind: "time", description: "When it happened, by the service's clock." },
  received_at: { kind: "time", description: "When it came in." },
  site_id: text("Domain of the site."),
  source: text("Kind of sender, such as wordpress."),
  visitor_id: { kind: "id", description: "The visitor, a hash." },
  session_id: { kind: "id", description: "The sender's session, a hash; 0 without one." },
  user_id: text("The sender's id of a user who is known by name."),
  page_url: text("Address of the page, without anything personal in it."),
  page_path: text("Path of the page."),
  page_title: text("Title of the page."),
  referrer_domain: text("Domain of the page that led here."),
  channel: text("Kind of way that led here, such as organic_search."),
  utm_source: text("Campaign parameter utm_source."),
  utm_medium: text("Campaign parameter utm_medium."),
  utm_campaign: text("Campaign parameter utm_campaign."),
  utm_term: text("Campaign parameter utm_term."),
  utm_content: text("Campaign parameter utm_content."),
  click_id_type: text("Name of the parameter that an advertiser's click came with, such as gclid."),
  click_id: text("Its value."),
  country: text("Country, ISO 3166-1 alpha-2."),
  region: text("Region of the country, ISO 3166-2."),
  device_type: text("Kind of device, such as mobile."),
  browser: text("Browser."),
  browser_version: text("Version of the browser."),
  os: text("Operating system."),
  os_version: text("Version of the operating system."),
  is_bot: { kind: "flag", description: "Whether a crawler or a headless browser sent it." },
  screen: text("Size of the screen."),
  language: text("Language of the browser."),
  timezone: text("Time zone of the browser."),
  mapping_id: number("`mapping_id` of the properties, for widgets."),
  post_id: number("`post_id` of the properties."),
  device_slug: text("`device_slug` of the properties."),
  properties: { kind: "json", description: "The properties as they were sent." },
} as const satisfies Readonly<Record<string, EventColumn>>;

export type EventColumnName = keyof typeof eventColumns;
export const eventColumnNames = Object.keys(eventColumns) as ReadonlyArray<EventColumnName>;

const select = (fragmentOf: (column: string, kind: Kind) => string): ReadonlyArray<string> =>
  eventColumnNames.map((name) => fragmentOf(`t.${name}`, eventColumns[name].kind));

/** Each column with its own type. */
export const typedColumns: string = select((column) => column).join(", ");

/**
 * What a spreadsheet would take for a formula has a `'` in front, and so has such a text that begins with `'` already:
 * taking one `'` from every cell that matches this gives back what was stored.
 */
export const FORMULA = "^'*[=+\\-@\\t\\r\\n]";

// As the pattern stands in a literal.
const formulaLiteral = `'${FORMULA.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

/** Cells of CSV. Numbers stay numbers; only texts can be formulas. */
export const csvColumns: string = select((column, kind) =>
  kind === "text" ? `if(match(${column}, ${formulaLiteral}), concat('\\'', ${column}), ${column})` : column,
).join(", ");

const asJson = (column: string, kind: Kind): string => {
  switch (kind) {
    case "id":
      return `'"', toString(${column}), '"'`;
    case "time":
      return `'"', replaceOne(toString(${column}), ' ', 'T'), 'Z"'`;
    case "json":
      return `if(${column} = '', '{}', ${column})`;
    default:
      return `toJSONString(${column})`;
  }
};

/**
 * An event as a JSON object on one line. Its properties are the stored text as it is, which no parser between the store
 * and the reader may touch: numbers keep every digit.
 */
export const jsonLine: string = `concat(${eventColumnNames
  .map(
    (name, index) =>
      `'${index === 0 ? "{" : ","}"${name}":', ${asJson(`t.${name}`, eventColumns[name].kind)}`,
  )
  .join(", ")}, '}')`;
