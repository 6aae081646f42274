import { Effect } from "effect";
import { privateJson } from "../http/private-json.ts";
import type { HttpFailure } from "../http/problem.ts";
import type { Run } from "../http/run.ts";
import type { Access, Authorize, Grant } from "./access.ts";

/**
 * How a route answers whom it lets in: `answer` runs after `authorize`, nothing else is looked at before, and nobody may
 * keep what it tells. A `Response` goes as it is; a client that goes away interrupts what is not an administrative act.
 */
export const makeAdmitting =
  <R>(run: Run<R>, authorize: Authorize, grant: Grant) =>
  async (
    request: Request,
    answer: (access: Access) => Effect.Effect<object | undefined, HttpFailure, R>,
    status?: number,
  ): Promise<Response> => {
    const result = await run(Effect.flatMap(authorize(request, grant), answer), request.signal);
    return result instanceof Response ? result : privateJson(result, status);
  };
