import { Effect } from "effect";
import type { Authorize } from "../access/access.ts";
import { Unauthorized } from "../domain/errors.ts";
import { DEFAULT_PROJECT } from "../domain/project.ts";

/** Whoever has the key `key` may do everything in every project. */
export const authorizeKey: Authorize = (request) =>
  request.headers.get("x-admin-key") === "key"
    ? Effect.succeed({
        actor: "admin key",
        project: (named = DEFAULT_PROJECT) => Effect.succeed(named),
        zoneOf: () => "UTC",
      })
    : new Unauthorized({ reason: "missing" });
