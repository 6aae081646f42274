import { Either } from "effect";
import { commonNames, decodeCommon, type StatsQuery } from "../../stats/parameters/query.ts";
import { choice, type Decoded, onlyKnown } from "../../stats/parameters/reader.ts";

export const exportFormats = ["csv", "ndjson", "parquet"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportQuery extends StatsQuery {
  readonly format: ExportFormat;
}

/** Decodes the parameters of the export route; CSV is the default. */
export const decodeExportQuery = (params: URLSearchParams): Decoded<ExportQuery> =>
  Either.gen(function* () {
    yield* onlyKnown(params, [...commonNames, "format"]);
    const common = yield* decodeCommon(params);
    return { ...common, format: yield* choice(params, "format", exportFormats, "csv") };
  });
