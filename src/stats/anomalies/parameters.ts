import { Either } from "effect";
import { DEFAULT_PROJECT } from "../../domain/project.ts";
import { isTimeZone } from "../calendar/zone.ts";
import { decodeGoal } from "../parameters/query.ts";
import { type Decoded, invalid, list, onlyKnown, plainText, scalar } from "../parameters/reader.ts";
import type { AnomaliesQuery } from "./anomalies.ts";
import { DEFAULT_THRESHOLD } from "./judgement.ts";
import { anomalyMetrics, eventMetrics } from "./watched.ts";

export const thresholdBounds = { minimum: 1, maximum: 100 } as const;

/** The names of what {@link decodeWatched} reads. */
export const watchedNames = ["project", "site_id", "timezone", "metrics", "threshold"] as const;

/** `project`, or the default one. */
export const decodeProject = (params: URLSearchParams): Decoded<string> => {
  const takes = "a project's name of 1 to 64 characters";
  return Either.flatMap(scalar(params, "project", takes), (project = DEFAULT_PROJECT) =>
    plainText(64)(project) === undefined ? invalid("project", `takes ${takes}.`) : Either.right(project),
  );
};

const decodeZone = (params: URLSearchParams): Decoded<string> => {
  const takes = "a time zone of the IANA database such as Europe/Berlin";
  return Either.flatMap(scalar(params, "timezone", takes), (zone = "UTC") =>
    isTimeZone(zone) ? Either.right(zone) : invalid("timezone", `takes ${takes}.`),
  );
};

const decodeThreshold = (params: URLSearchParams, fallback: number): Decoded<number> => {
  const { minimum, maximum } = thresholdBounds;
  const takes = `a number from ${minimum} to ${maximum}, such as ${DEFAULT_THRESHOLD}`;
  return Either.flatMap(scalar(params, "threshold", takes), (text) => {
    if (text === undefined) return Either.right(fallback);
    const number = /^\d{1,3}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
    return number >= minimum && number <= maximum
      ? Either.right(number)
      : invalid("threshold", `takes ${takes}.`);
  });
};

/** The metrics when none are named: those of one question to the rollup. Sessions may have to be put together from events. */
export const defaultMetrics = eventMetrics;

/** Whose traffic is watched and how, but for the goal; names are looked at by `onlyKnown`. */
export const decodeWatched = (
  params: URLSearchParams,
  fallbackThreshold: number = DEFAULT_THRESHOLD,
): Decoded<Omit<AnomaliesQuery, "goal">> =>
  Either.gen(function* () {
    const metrics = yield* list(params, "metrics", {
      takes: `any of ${anomalyMetrics.join(", ")}, separated by commas`,
      parse: (text) => anomalyMetrics.find((metric) => metric === text),
      commas: true,
    });
    return {
      project: yield* decodeProject(params),
      sites: yield* list(params, "site_id", {
        takes: "values of 1 to 253 characters, separated by commas",
        parse: plainText(253),
        commas: true,
      }),
      zone: yield* decodeZone(params),
      metrics: metrics.length === 0 ? defaultMetrics : metrics,
      threshold: yield* decodeThreshold(params, fallbackThreshold),
    };
  });

/** The parameters of the route of anomalies. */
export const decodeAnomaliesQuery = (params: URLSearchParams): Decoded<AnomaliesQuery> =>
  Either.gen(function* () {
    yield* onlyKnown(params, [...watchedNames, "goal"]);
    return { ...(yield* decodeWatched(params)), goal: yield* decodeGoal(params) };
  });
