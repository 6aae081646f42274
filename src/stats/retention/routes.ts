import { Elysia } from "elysia";
import type { Answering } from "../answering/answering.ts";
import { retentionDocumentation } from "./documentation.ts";
import { decodeRetentionQuery } from "./parameters.ts";
import { retention } from "./retention.ts";

/** `GET /retention`, below the path of the routes that use it. */
export const retentionRoutes = (answered: Answering) =>
  new Elysia({ name: "retention" }).get(
    "/retention",
    ({ request }) => answered(request, decodeRetentionQuery, retention),
    { detail: retentionDocumentation },
  );
