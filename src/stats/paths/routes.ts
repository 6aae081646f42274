import { Elysia } from "elysia";
import type { Answering } from "../answering/answering.ts";
import { pathsDocumentation } from "./documentation.ts";
import { decodePathsQuery } from "./parameters.ts";
import { paths } from "./paths.ts";

/** `GET /paths`, below the path of the routes that use it. */
export const pathRoutes = (answered: Answering) =>
  new Elysia({ name: "paths" }).get("/paths", ({ request }) => answered(request, decodePathsQuery, paths), {
    detail: pathsDocumentation,
  });
