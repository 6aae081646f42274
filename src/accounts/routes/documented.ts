import { problem, problems } from "../../http/documented.ts";

/** Answers that several routes of accounts have in common. */

export const wrong = { 400: problems[400] };
export const busy = { 503: problem("ClickHouse does not answer at the moment, or too many people log in.") };
export const crossSite = { 403: problem("`csrf`: the request may have been made by another site.") };
export const refused = {
  401: problem("The password is not right. It is not said whether there is such an account."),
};
export const throttled = {
  429: problem(
    "Too many passwords were tried on this account or link; `Retry-After` says when one is taken.",
  ),
};
export const invalidLink = { 404: problem("The link is not valid: it was used or revoked, or has expired.") };
export const notLoggedIn = { 401: problem("Nobody is logged in.") };
export const unknownEntry = { 404: problem("There is no such project, or no such entry in it.") };
