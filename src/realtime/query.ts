import { Either } from "effect";
import { DEFAULT_PROJECT } from "../domain/project.ts";
import {
  type Decoded,
  invalid,
  type ListRule,
  list,
  onlyKnown,
  plainText,
  scalar,
} from "../stats/parameters/reader.ts";
import type { Scope } from "./recent-traffic.ts";

const takesProject = "a project's name of 1 to 64 characters";

const siteRule: ListRule<string> = {
  takes: "values of 1 to 253 characters, separated by commas",
  parse: plainText(253),
  commas: true,
};

/** `project` and `site_id`, as the other reading routes take them. */
export const decodeRealtimeQuery = (params: URLSearchParams): Decoded<Scope> =>
  Either.gen(function* () {
    yield* onlyKnown(params, ["project", "site_id"]);
    const project = (yield* scalar(params, "project", takesProject)) ?? DEFAULT_PROJECT;
    if (plainText(64)(project) === undefined) return yield* invalid("project", `takes ${takesProject}.`);
    const sites = yield* list(params, "site_id", siteRule);
    return { project, sites: sites.length === 0 ? undefined : new Set(sites) };
  });
