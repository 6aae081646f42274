import type {
  BodyTooLarge,
  CrossSite,
  Forbidden,
  ForeignPage,
  FunnelExists,
  IngestKeyRefused,
  IntakeFull,
  InvalidParameter,
  KeyMisplaced,
  LastOwner,
  LinkInvalid,
  LoginRefused,
  MalformedBatch,
  NotFound,
  OriginForbidden,
  PasswordsBusy,
  ProjectStays,
  QueueFull,
  RateLimited,
  RequestTimeout,
  SpoolFull,
  SpoolUnavailable,
  TooManyAttempts,
  TooManyExports,
  TooManyFunnels,
  TooManyLinks,
  TooManyReaders,
  TooManyWebhooks,
  Unauthorized,
  UnknownEntry,
  UnknownKey,
  UnknownProject,
  UpgradeRequired,
} from "../domain/errors.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";

/** Every expected failure that a route can answer. */
export type HttpFailure =
  | BodyTooLarge
  | ClickHouseError
  | CrossSite
  | Forbidden
  | ForeignPage
  | FunnelExists
  | IngestKeyRefused
  | IntakeFull
  | InvalidParameter
  | KeyMisplaced
  | LastOwner
  | LinkInvalid
  | LoginRefused
  | MalformedBatch
  | NotFound
  | OriginForbidden
  | PasswordsBusy
  | ProjectStays
  | QueueFull
  | RateLimited
  | RequestTimeout
  | SpoolFull
  | SpoolUnavailable
  | TooManyAttempts
  | TooManyExports
  | TooManyFunnels
  | TooManyLinks
  | TooManyReaders
  | TooManyWebhooks
  | Unauthorized
  | UnknownEntry
  | UnknownKey
  | UnknownProject
  | UpgradeRequired;

/** RFC 9457 problem details. `code` is stable and meant for programs, `detail` for people. */
export interface Problem {
  readonly type: "about:blank";
  readonly status: number;
  readonly title: string;
  readonly code: string;
  readonly detail?: string;
  readonly parameter?: string;
}

interface ProblemAnswer {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string;
  readonly parameter?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const clickHouseProblem = (failure: ClickHouseError): ProblemAnswer => {
  switch (failure.failure) {
    case "over_budget":
      return {
        status: 422,
        code: "query_too_expensive",
        title: "The question needs more time or memory than a query may use",
        detail: "Ask for a shorter time range or filter by site_id, post_id or mapping_id.",
      };
    // The only patterns that reach ClickHouse are those of the filter; the message is RE2's alone.
    case "bad_pattern":
      return {
        status: 400,
        code: "invalid_parameter",
        title: "A parameter is wrong",
        detail: `filter has a regular expression that cannot be used: ${failure.message}`,
        parameter: "filter",
      };
    case "unavailable":
    case "overloaded":
      return {
        status: 503,
        code: "store_unavailable",
        title: "ClickHouse does not answer at the moment",
        headers: { "retry-after": "5" },
      };
    default:
      return { status: 500, code: "internal_error", title: "Something went wrong on our side" };
  }
};

const linkDetails: Readonly<Record<LinkInvalid["link"], string>> = {
  setup: "It is good for the first account; a new one is printed when the service starts without an owner.",
  invite: "It was used or revoked, or has expired; ask for a new one.",
  share: "It was revoked or has expired; ask for a new one.",
  reset: "It was used or has expired, or the password was changed since; ask for a new one.",
};

const loginProblems: Readonly<Record<LoginRefused["of"], { readonly code: string; readonly title: string }>> =
  {
    account: { code: "login_refused", title: "The e-mail address or the password is not right" },
    link: { code: "password_wrong", title: "The password is not right" },
    link_missing: { code: "password_needed", title: "The link has a password" },
  };

// The one table of failures and statuses: a failure that is not in it does not compile.
const answers: {
  readonly [Tag in HttpFailure["_tag"]]: (failure: Extract<HttpFailure, { _tag: Tag }>) => ProblemAnswer;
} = {
  BodyTooLarge: ({ limitBytes }) => ({
    status: 413,
    code: "body_too_large",
    title: "The request body is too large",
    detail: `The limit is ${limitBytes} bytes after decompression.`,
  }),
  ClickHouseError: clickHouseProblem,
  CrossSite: ({ reason }) => ({
    status: 403,
    code: "csrf",
    title: "The request may have been made by another site",
    detail:
      reason === "origin"
        ? "What a session changes is asked for by pages of this host alone; programs use a key."
        : "Send the body as application/json.",
  }),
  Forbidden: ({ needs }) => ({
    status: 403,
    code: "forbidden",
    title: "The key or account does not give this",
    detail: `This needs ${needs}.`,
  }),
  ForeignPage: ({ origin }) => ({
    status: 403,
    code: "origin_forbidden",
    title: "Pages of another host may not open a WebSocket here",
    detail: origin,
  }),
  FunnelExists: ({ name }) => ({
    status: 409,
    code: "funnel_exists",
    title: "There is a funnel of this name already",
    detail: `PUT /v1/funnels/${encodeURIComponent(name)} replaces it.`,
  }),
  IngestKeyRefused: ({ reason }) => ({
    status: 401,
    code: reason === "missing" ? "key_missing" : "key_wrong",
    title: reason === "missing" ? "Events need a project's key here" : "The key takes no events",
    detail:
      reason === "missing"
        ? "Send a write key as api_key in the body, or a secret key as x-api-key."
        : "It is not known, was revoked or has expired, or it is one for reading.",
  }),
  IntakeFull: ({ retryAfterSeconds }) => ({
    status: 503,
    code: "intake_full",
    title: "Too many requests are on their way; send the batch again later",
    // The rest of the body is not waited for.
    headers: { "retry-after": String(retryAfterSeconds), connection: "close" },
  }),
  InvalidParameter: ({ parameter, message }) => ({
    status: 400,
    code: "invalid_parameter",
    title: "A parameter is wrong",
    detail: `${parameter} ${message}`,
    parameter,
  }),
  KeyMisplaced: ({ reason }) => ({
    status: 403,
    code: reason,
    title:
      reason === "missing_origin"
        ? "A write key is for pages of the project's origins"
        : "A secret key must not be used in a page, where everybody can read it",
    detail:
      reason === "missing_origin"
        ? "Send events of a server with a secret key, or let the project allow a missing origin."
        : "Revoke it, and use a write key.",
  }),
  LastOwner: ({ project }) => ({
    status: 409,
    code: "last_owner",
    title: `Nobody could manage ${project === undefined ? "the whole installation" : "the project"} any more`,
    detail: `Make somebody else an owner ${project === undefined ? "" : `of "${project}" `}first.`,
  }),
  ProjectStays: ({ project }) => ({
    status: 409,
    code: "project_stays",
    title: "This project cannot be deleted",
    detail: `"${project}" takes events that come without a key; REQUIRE_API_KEY closes it.`,
  }),
  LinkInvalid: ({ link }) => ({
    status: 404,
    code: "link_invalid",
    title: "The link is not valid",
    detail: linkDetails[link],
  }),
  LoginRefused: ({ of }) => ({ status: 401, ...loginProblems[of] }),
  MalformedBatch: ({ message }) => ({
    status: 400,
    code: "malformed_batch",
    title: "The body is not a batch of events",
    detail: message,
  }),
  NotFound: ({ path }) => ({
    status: 404,
    code: "not_found",
    title: "There is nothing at this address",
    detail: path,
  }),
  OriginForbidden: ({ origin }) => ({
    status: 403,
    code: "origin_forbidden",
    title: "Pages of this origin may not send events here",
    detail: origin,
  }),
  PasswordsBusy: ({ retryAfterSeconds }) => ({
    status: 503,
    code: "passwords_busy",
    title: "Too many people log in at the moment; try again in a moment",
    headers: { "retry-after": String(retryAfterSeconds) },
  }),
  QueueFull: ({ retryAfterSeconds }) => ({
    status: 503,
    code: "queue_full",
    title: "Too many events are waiting; send the batch again later",
    headers: { "retry-after": String(retryAfterSeconds) },
  }),
  RateLimited: ({ limit, perMinute, retryAfterSeconds }) => ({
    status: 429,
    code: "rate_limited",
    title: `Too many ${limit}; send the batch again later`,
    detail: `The limit is ${perMinute} ${limit} a minute for each key and client address.`,
    headers: { "retry-after": String(retryAfterSeconds) },
  }),
  RequestTimeout: ({ limitSeconds }) => ({
    status: 408,
    code: "request_timeout",
    title: "The request body did not come in time; send the batch again",
    detail: `The limit is ${limitSeconds} seconds.`,
    headers: { connection: "close" },
  }),
  SpoolFull: ({ retryAfterSeconds }) => ({
    status: 503,
    code: "spool_full",
    title: "Too many events wait to be stored; send the batch again later",
    headers: { "retry-after": String(retryAfterSeconds) },
  }),
  SpoolUnavailable: ({ retryAfterSeconds }) => ({
    status: 503,
    code: "disk_unavailable",
    title: "Events cannot be kept safe at the moment; send the batch again later",
    headers: { "retry-after": String(retryAfterSeconds) },
  }),
  TooManyAttempts: ({ retryAfterSeconds }) => ({
    status: 429,
    code: "too_many_attempts",
    title: "Too many passwords were tried; try again later",
    headers: { "retry-after": String(retryAfterSeconds) },
  }),
  TooManyExports: ({ retryAfterSeconds }) => ({
    status: 503,
    code: "too_many_exports",
    title: "As many exports are under way as may be at once; ask again later",
    headers: { "retry-after": String(retryAfterSeconds) },
  }),
  TooManyFunnels: ({ limit }) => ({
    status: 409,
    code: "too_many_funnels",
    title: "The project keeps as many funnels as it may",
    detail: `The limit is ${limit}; delete one that is not needed.`,
  }),
  TooManyLinks: ({ limit }) => ({
    status: 409,
    code: "too_many_links",
    title: "The project has as many links as it may have",
    detail: `The limit is ${limit}; revoke one that is not needed.`,
  }),
  TooManyReaders: ({ retryAfterSeconds }) => ({
    status: 503,
    code: "too_many_readers",
    title: "No more connections can watch at the moment; try again later",
    headers: { "retry-after": String(retryAfterSeconds) },
  }),
  TooManyWebhooks: ({ limit }) => ({
    status: 409,
    code: "too_many_webhooks",
    title: "The project has as many webhooks as it may have",
    detail: `The limit is ${limit}; delete one first.`,
  }),
  Unauthorized: ({ reason }) =>
    reason === "account"
      ? { status: 401, code: "login_needed", title: "Log in first" }
      : {
          status: 401,
          code: reason === "missing" ? "key_missing" : "key_wrong",
          title:
            reason === "missing" ? "This route needs a read key or the admin key" : "The key is not valid",
          detail: "Send it as x-admin-key or as Authorization: Bearer.",
          headers: { "www-authenticate": "Bearer" },
        },
  UnknownEntry: ({ kind, id }) => ({
    status: 404,
    code: `unknown_${kind}`,
    title: `There is no such ${kind}`,
    detail: id.slice(0, 64),
  }),
  UnknownKey: ({ key }) => ({
    status: 404,
    code: "unknown_key",
    title: "The project has no such key that is valid",
    detail: key.slice(0, 64),
  }),
  UnknownProject: ({ project }) => ({
    status: 404,
    code: "unknown_project",
    title: "There is no such project",
    detail: project.slice(0, 64),
  }),
  UpgradeRequired: ({ path }) => ({
    status: 426,
    code: "upgrade_required",
    title: "This address takes WebSockets only",
    detail: path,
    headers: { upgrade: "websocket", connection: "upgrade" },
  }),
};

const toResponse = ({ headers, ...answer }: ProblemAnswer): Response => {
  const problem: Problem = { type: "about:blank", ...answer };
  return new Response(JSON.stringify(problem), {
    status: answer.status,
    headers: { ...headers, "content-type": "application/problem+json", "cache-control": "no-store" },
  });
};

export const problemResponse = (failure: HttpFailure): Response =>
  // The tag picks the matching function, which TypeScript cannot follow through the lookup.
  toResponse((answers[failure._tag] as (failure: HttpFailure) => ProblemAnswer)(failure));

/** For what nobody expected: the message stays in the log, the client learns only that it was not its fault. */
export const internalProblem = (): Response =>
  toResponse({ status: 500, code: "internal_error", title: "Something went wrong on our side" });
