import { Effect, Exit } from "effect";
import { Elysia } from "elysia";
import { type Authorize, scopedParams } from "../access/access.ts";
import { TooManyReaders, UpgradeRequired } from "../domain/errors.ts";
import { privateJson } from "../http/private-json.ts";
import { problemResponse } from "../http/problem.ts";
import type { Run } from "../http/run.ts";
import { realtimeDocumentation } from "./documentation.ts";
import { requireOwnPage, upgradeHeaders, withKeyInHeader } from "./handshake.ts";
import { decodeRealtimeQuery } from "./query.ts";
import { Realtime } from "./realtime.ts";

/** Limits of every WebSocket: readers have nothing to say, and what waits for one is a document at most. */
export const socketLimits = {
  maxPayloadLength: 4096,
  backpressureLimit: 1_048_576,
  closeOnBackpressureLimit: true,
  idleTimeout: 120,
} as const;

/** After so long a reader that found no room tries again, in seconds. */
const RETRY_AFTER_SECONDS = 10;

/**
 * `GET /v1/stats/realtime`, and `/v1/realtime`, a WebSocket that is sent the same document whenever it changes.
 * `authorize` fails for a request without the right key; parameters are looked at only after it.
 */
export const realtimeRoutes = (run: Run<Realtime>, authorize: Authorize) => {
  const scopeOf = (request: Request) =>
    authorize(request, "read").pipe(
      Effect.flatMap((access) => scopedParams(access, request)),
      Effect.flatMap((params) => decodeRealtimeQuery(params)),
    );

  const document = (request: Request) =>
    Effect.gen(function* () {
      return privateJson(yield* (yield* Realtime).document(yield* scopeOf(request)));
    });

  /** Room for a connection that may be opened. */
  const admit = (request: Request) =>
    Effect.gen(function* () {
      yield* requireOwnPage(request);
      // The request itself is gone once the connection is open.
      const { url, headers } = withKeyInHeader(request);
      const asked = new Request(url, { headers });
      const scope = yield* scopeOf(asked);
      const mayRead = () =>
        Exit.isSuccess(
          Effect.runSyncExit(
            Effect.flatMap(authorize(asked, "read"), (access) => access.project(scope.project)),
          ),
        );
      const { readers, upToDate } = yield* Realtime;
      yield* upToDate(scope.project);
      return (
        readers.add(scope, mayRead) ?? (yield* new TooManyReaders({ retryAfterSeconds: RETRY_AFTER_SECONDS }))
      );
    });

  return new Elysia({ name: "realtime" })
    .get("/v1/stats/realtime", ({ request }) => run(document(request), request.signal), {
      detail: realtimeDocumentation,
    })
    .get(
      "/v1/realtime",
      async ({ request, server }) => {
        const reader = await run(admit(request));
        if (reader instanceof Response) return reader;
        // The server's handlers pass everything on to what is given as data.
        if (server?.upgrade(request, { headers: upgradeHeaders(request), data: reader }) === true) return;
        reader.close();
        return problemResponse(new UpgradeRequired({ path: "/v1/realtime" }));
      },
      { detail: { hide: true } },
    );
};
