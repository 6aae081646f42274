import { Clock, Effect, Exit, Scope } from "effect";
import { Elysia } from "elysia";
import { type Authorize, questionParams } from "../access/access.ts";
import type { Run } from "../http/run.ts";
import type { Retention } from "../retention/retention.ts";
import type { ClickHouse } from "../store/clickhouse.ts";
import { eventsDocumentation, exportDocumentation } from "./documentation.ts";
import { ExportTurns, openExport } from "./file/export-file.ts";
import { fileBody } from "./file/file-body.ts";
import { fileFormats } from "./file/file-format.ts";
import { fileName } from "./file/file-name.ts";
import { decodeExportQuery } from "./file/query.ts";
import { eventsPage } from "./page/events-page.ts";
import { decodeEventsQuery } from "./page/query.ts";

/** A reader that takes nothing for so long is cut off; the longest query is far shorter. */
const IDLE_TIMEOUT_SECONDS = 120;

/** `GET /v1/events`, one page of single events, and `GET /v1/export`, all of them as a file. */
export const exportRoutes = (run: Run<ClickHouse | Retention>, authorize: Authorize) => {
  const turns = new ExportTurns();
  const paramsOf = (request: Request) =>
    Effect.flatMap(authorize(request, "events"), (access) => questionParams(access, request));

  const page = (request: Request) =>
    Effect.gen(function* () {
      const query = yield* decodeEventsQuery(yield* paramsOf(request), yield* Clock.currentTimeMillis);
      const { events, next } = yield* eventsPage(query);
      // The events are JSON already, and stay as they are.
      return new Response(`{"data":[${events.join(",")}],"next":${JSON.stringify(next)}}`, {
        headers: { "content-type": "application/json;charset=utf-8", "cache-control": "no-store" },
      });
    });

  const file = (request: Request) =>
    Effect.gen(function* () {
      const query = yield* decodeExportQuery(yield* paramsOf(request));
      const runtime = yield* Effect.runtime<ClickHouse>();
      const scope = yield* Scope.make();
      const opened = yield* openExport(query, turns).pipe(
        Scope.extend(scope),
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
      );
      return new Response(fileBody(opened, runtime, Scope.close(scope, Exit.void), request.signal), {
        headers: {
          "content-type": fileFormats[query.format].contentType,
          "content-disposition": `attachment; filename="${fileName(query)}"`,
          "cache-control": "no-store",
          "x-content-type-options": "nosniff",
        },
      });
    });

  return new Elysia({ name: "export", prefix: "/v1" })
    .get("/events", ({ request }) => run(page(request), request.signal), { detail: eventsDocumentation })
    .get(
      "/export",
      ({ request, server }) => {
        server?.timeout(request, IDLE_TIMEOUT_SECONDS);
        return run(file(request), request.signal);
      },
      { detail: exportDocumentation },
    );
};
