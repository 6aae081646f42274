import { problem } from "../../http/documented.ts";

/** Answers that several routes of accounts have in common. */

export const wrong = { 400: problem("A field is wrong; `parameter` names it, `detail` says what it takes.") };
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
export const forbidden = {
  401: problem("The key is missing or wrong, and nobody is logged in."),
  403: problem("The key or account does not give this, or `csrf`."),
};
