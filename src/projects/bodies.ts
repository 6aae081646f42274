import { Either } from "effect";
import type { AllowedOrigins } from "../config.ts";
import { canonicalOrigin } from "../domain/origin.ts";
import { type JsonObject, knownKeys, oneOf, wholeNumberOf } from "../http/json-body.ts";
import { isTimeZone } from "../stats/calendar/zone.ts";
import { type Decoded, invalid } from "../stats/parameters/reader.ts";
import type { RetentionSettings } from "../store/retention.ts";
import { type KeyKind, keyKinds } from "./key.ts";
import { decodePrivacyChange, defaultPrivacy } from "./privacy.ts";
import type { ProjectChange, ProjectWish } from "./project.ts";
import type { KeyWish } from "./projects.ts";
import { decodeRetentionChange } from "./retention.ts";

/** Most origins of a project. */
export const MAXIMUM_ORIGINS = 100;

const DAY_SECONDS = 86_400;

/** How long the old key of a rotation stays valid, in seconds. */
export const overlapBounds = { minimum: 0, maximum: 90 * DAY_SECONDS, fallback: DAY_SECONDS } as const;

// Names and labels are shown to people and nothing else; line breaks and the like would make lists unreadable.
const visible = /^[^\p{Cc}\p{Cs}]+$/u;

const shortText = (value: unknown, name: string): Decoded<string> => {
  const text = typeof value === "string" ? value.trim() : "";
  return text.length >= 1 && text.length <= 100 && visible.test(text)
    ? Either.right(text)
    : invalid(name, "takes a text of 1 to 100 characters in one line.");
};

const originsOf = (value: unknown): Decoded<AllowedOrigins> => {
  const takes = `takes a list of at most ${MAXIMUM_ORIGINS} origins such as ["https://example.org"], or ["*"].`;
  if (!Array.isArray(value) || value.length > MAXIMUM_ORIGINS) return invalid("origins", takes);
  if (value.length === 1 && value[0] === "*") return Either.right("*");
  const origins = new Set<string>();
  for (const text of value) {
    const origin = typeof text === "string" ? canonicalOrigin(text) : undefined;
    if (origin === undefined) return invalid("origins", takes);
    origins.add(origin);
  }
  return Either.right(origins);
};

const zoneOf = (value: unknown): Decoded<string> =>
  typeof value === "string" && isTimeZone(value)
    ? Either.right(value)
    : invalid("timezone", "takes a time zone of the IANA database such as Europe/Berlin.");

const flagOf = (value: unknown, name: string): Decoded<boolean> =>
  typeof value === "boolean" ? Either.right(value) : invalid(name, "takes true or false.");

const wishKeys = ["name", "origins", "timezone", "allow_missing_origin", "privacy", "retention"] as const;

/** What of a project is to be changed. Nothing is kept longer than the instance does. */
export const decodeProjectChange = (body: JsonObject, instance: RetentionSettings): Decoded<ProjectChange> =>
  Either.gen(function* () {
    yield* knownKeys(body, wishKeys);
    return {
      ...(body.name === undefined ? {} : { name: yield* shortText(body.name, "name") }),
      ...(body.origins === undefined ? {} : { origins: yield* originsOf(body.origins) }),
      ...(body.timezone === undefined ? {} : { timezone: yield* zoneOf(body.timezone) }),
      ...(body.allow_missing_origin === undefined
        ? {}
        : { allowsMissingOrigin: yield* flagOf(body.allow_missing_origin, "allow_missing_origin") }),
      ...(body.privacy === undefined ? {} : { privacy: yield* decodePrivacyChange(body.privacy) }),
      ...(body.retention === undefined
        ? {}
        : { retention: yield* decodeRetentionChange(body.retention, instance) }),
    };
  });

/** A new project: it needs a name, and takes events from no page until it has origins. */
export const decodeProject = (body: JsonObject, instance: RetentionSettings): Decoded<ProjectWish> =>
  Either.gen(function* () {
    const wish = yield* decodeProjectChange(body, instance);
    return {
      name: wish.name ?? (yield* shortText(undefined, "name")),
      origins: wish.origins ?? new Set<string>(),
      timezone: wish.timezone ?? "UTC",
      allowsMissingOrigin: wish.allowsMissingOrigin ?? false,
      privacy: { ...defaultPrivacy, ...wish.privacy },
      retention: { rawDays: undefined, rollupYears: undefined, ...wish.retention },
    };
  });

/** A new key. `expires` is an instant to come, ISO 8601. */
export const decodeKey = (body: JsonObject, nowMs: number): Decoded<KeyWish> =>
  Either.gen(function* () {
    yield* knownKeys(body, ["label", "kind", "expires"]);
    const label = yield* shortText(body.label, "label");
    if (body.kind === undefined) return yield* invalid("kind", `takes one of ${keyKinds.join(", ")}.`);
    const kind = yield* oneOf<KeyKind>(body, "kind", keyKinds, "read");
    const { expires } = body;
    if (expires === undefined || expires === null) return { label, kind, expiresAtMs: undefined };
    const expiresAtMs =
      typeof expires === "string" && /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/.test(expires)
        ? Date.parse(expires)
        : Number.NaN;
    return expiresAtMs > nowMs
      ? { label, kind, expiresAtMs }
      : yield* invalid("expires", "takes an instant to come, such as 2030-01-01T00:00:00Z.");
  });

/** How long the old key stays valid, in milliseconds. */
export const decodeOverlap = (body: JsonObject): Decoded<number> =>
  Either.gen(function* () {
    yield* knownKeys(body, ["overlap"]);
    return (yield* wholeNumberOf(body, "overlap", overlapBounds, "of seconds")) * 1000;
  });
