import { type Static, type TSchema, Type } from "@sinclair/typebox";

/** Bounds of one request and one event; the README and the API document name them too. */
export const limits = {
  eventsPerBatch: 500,
  propertiesBytes: 32 * 1024,
  propertiesKeys: 255,
  propertiesDepth: 8,
  /** A client's clock may run ahead by so much before its time is replaced by ours. */
  futureMs: 5 * 60 * 1000,
} as const;

// `expects` is the end of the sentence "`field` must be …" that a sender reads when a value does not fit.
const text = (minLength: number, maxLength: number) =>
  Type.String({ minLength, maxLength, expects: `a string of ${minLength} to ${maxLength} characters` });

const wholeNumber = (minimum: number, maximum: number) =>
  Type.Integer({ minimum, maximum, expects: `a whole number from ${minimum} to ${maximum}` });

const id = () => wholeNumber(0, Number.MAX_SAFE_INTEGER);

const textOrNumber = (maxLength: number) =>
  Type.Union([text(1, maxLength), wholeNumber(0, Number.MAX_SAFE_INTEGER)], {
    expects: `a string of 1 to ${maxLength} characters or a whole number`,
  });

/** Senders in many languages write an absent value as null. */
const optional = <T extends TSchema>(schema: T) =>
  Type.Optional(Type.Union([schema, Type.Null()], { expects: (schema as { expects?: string }).expects }));

const eventType = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: "^[A-Za-z0-9_:.$ -]+$",
  expects: "1 to 64 letters, digits, spaces or any of _ : . $ -",
});

/** One event as a sender writes it. Fields that are not named here are ignored. */
export const EventInput = Type.Object(
  {
    event_type: eventType,
    event_id: optional(text(1, 128)),
    event_version: optional(wholeNumber(1, 255)),
    occurred_at: optional(
      Type.Union([Type.String({ maxLength: 40 }), Type.Number()], {
        expects: "an ISO 8601 time or milliseconds since 1970",
      }),
    ),
    session_id: optional(textOrNumber(200)),
    visitor_id: optional(textOrNumber(200)),
    user_id: optional(textOrNumber(200)),
    user_agent: optional(text(0, 4096)),
    source: optional(text(1, 64)),
    site_id: optional(text(1, 253)),
    page_url: optional(text(0, 8192)),
    page_path: optional(text(0, 8192)),
    page_title: optional(text(0, 2048)),
    referrer: optional(text(0, 8192)),
    referrer_domain: optional(text(0, 253)),
    screen: optional(text(0, 32)),
    language: optional(text(0, 64)),
    timezone: optional(text(0, 64)),
    properties: optional(Type.Object({}, { additionalProperties: true, expects: "an object" })),
  },
  { expects: "an object" },
);
export type EventInput = Static<typeof EventInput>;

const WidgetImpression = Type.Object({
  mapping_id: id(),
  post_id: id(),
  widget_index: wholeNumber(0, 65_535),
  device_slug: text(1, 200),
  raw_model: text(0, 200),
  viewport_percent: Type.Number({ minimum: 0, maximum: 100, expects: "a number from 0 to 100" }),
});

const WidgetClick = Type.Object({
  mapping_id: id(),
  post_id: id(),
  device_slug: text(1, 200),
  click_target: text(0, 2048),
  destination_url: text(0, 8192),
});

const DevicePageView = Type.Object({
  device_id: textOrNumber(200),
  device_slug: text(1, 200),
  brand: text(0, 200),
  view_source: text(0, 200),
  referrer_mapping_id: optional(id()),
});

/** Event types whose `properties` are checked; every other type may carry what it likes. */
export const typedProperties: Readonly<Record<string, TSchema>> = {
  widget_impression: WidgetImpression,
  widget_click: WidgetClick,
  device_page_view: DevicePageView,
};

/** Why an event was not taken. */
export type RejectionCode =
  | "do_not_track"
  | "excluded_address"
  | "excluded_path"
  | "global_privacy_control"
  | "invalid_event"
  | "invalid_properties"
  | "invalid_text"
  | "invalid_time"
  | "number_not_exact"
  | "properties_too_large"
  | "too_old";

/** One event that was not taken, as the sender is told. `index` counts from 0 in the sender's array. */
export interface Rejection {
  readonly index: number;
  readonly code: RejectionCode;
  readonly message: string;
}
