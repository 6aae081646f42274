import { Data } from "effect";

/** A query parameter is wrong; nothing was asked of ClickHouse. */
export class InvalidParameter extends Data.TaggedError("InvalidParameter")<{
  readonly parameter: string;
  /** What the parameter takes, as the end of "`parameter` …". */
  readonly message: string;
}> {}

/** Nobody knows who asks: a key was left out or is wrong, or nobody is logged in where an account is needed. */
export class Unauthorized extends Data.TaggedError("Unauthorized")<{
  readonly reason: "missing" | "wrong" | "account";
}> {}

/** The key is valid, and does not give what is asked for. */
export class Forbidden extends Data.TaggedError("Forbidden")<{
  /** What the key would have to give, as the end of "This needs …". */
  readonly needs: string;
}> {}

/** There is no such project, or none that whoever asks may know of. */
export class UnknownProject extends Data.TaggedError("UnknownProject")<{
  readonly project: string;
}> {}

/** The project that takes events without a key cannot be deleted. */
export class ProjectStays extends Data.TaggedError("ProjectStays")<{
  readonly project: string;
}> {}

/** The project has no such key. */
export class UnknownKey extends Data.TaggedError("UnknownKey")<{
  readonly key: string;
}> {}

/**
 * Events were sent without a key that takes them: `missing` where the default project is closed, `wrong` for a key that
 * is not known, was revoked or has expired, or that is one for reading.
 */
export class IngestKeyRefused extends Data.TaggedError("IngestKeyRefused")<{
  readonly reason: "missing" | "wrong";
}> {}

/**
 * A key was used where it may not be: a write key by a sender that is no page (`missing_origin`), or a secret key by a
 * page (`secret_in_page`), where everybody could read it.
 */
export class KeyMisplaced extends Data.TaggedError("KeyMisplaced")<{
  readonly reason: "missing_origin" | "secret_in_page";
}> {}

/** The page's origin is not among the allowed ones. */
export class OriginForbidden extends Data.TaggedError("OriginForbidden")<{
  readonly origin: string;
}> {}

/** The request body is not a batch of events; none of it was taken. */
export class MalformedBatch extends Data.TaggedError("MalformedBatch")<{
  readonly message: string;
}> {}

/** The request body exceeds its limit, as sent or while it was unpacked. */
export class BodyTooLarge extends Data.TaggedError("BodyTooLarge")<{
  readonly limitBytes: number;
}> {}

/** The request body did not come within its time; none of it was taken, and the sender may try again. */
export class RequestTimeout extends Data.TaggedError("RequestTimeout")<{
  readonly limitSeconds: number;
}> {}

/** Too many bytes of request bodies are on their way, and this one made room; the sender may try again. */
export class IntakeFull extends Data.TaggedError("IntakeFull")<{
  readonly retryAfterSeconds: number;
}> {}

/** A sender has used up what it may send in a minute under one key; none of the batch was taken, and it may try again. */
export class RateLimited extends Data.TaggedError("RateLimited")<{
  /** What there were too many of. */
  readonly limit: "requests" | "events";
  readonly perMinute: number;
  /** After so long the same batch passes. */
  readonly retryAfterSeconds: number;
}> {}

/** Too many events wait for their commit; none of the batch was taken, and the sender may try again. */
export class QueueFull extends Data.TaggedError("QueueFull")<{
  readonly retryAfterSeconds: number;
}> {}

/** The spool is at its limit because ClickHouse is slower than the senders, or gone; none of the batch was taken. */
export class SpoolFull extends Data.TaggedError("SpoolFull")<{
  readonly retryAfterSeconds: number;
}> {}

/** The disk does not take events, so none of the batch was taken; serving goes on when it does again. */
export class SpoolUnavailable extends Data.TaggedError("SpoolUnavailable")<{
  readonly retryAfterSeconds: number;
}> {}

/** As many exports are under way as may be at once; this one may be asked for again. */
export class TooManyExports extends Data.TaggedError("TooManyExports")<{
  readonly retryAfterSeconds: number;
}> {}

/** A page of another host may not open a WebSocket here. */
export class ForeignPage extends Data.TaggedError("ForeignPage")<{
  readonly origin: string;
}> {}

/** This address takes WebSockets only. */
export class UpgradeRequired extends Data.TaggedError("UpgradeRequired")<{
  readonly path: string;
}> {}

/** As many connections watch the numbers of the moment as may; one more is not taken now. */
export class TooManyReaders extends Data.TaggedError("TooManyReaders")<{
  readonly retryAfterSeconds: number;
}> {}

/** A project has as many webhooks as it may have. */
export class TooManyWebhooks extends Data.TaggedError("TooManyWebhooks")<{
  readonly limit: number;
}> {}

/** A funnel is kept under this name already. */
export class FunnelExists extends Data.TaggedError("FunnelExists")<{
  readonly name: string;
}> {}

/** The project keeps as many funnels as it may. */
export class TooManyFunnels extends Data.TaggedError("TooManyFunnels")<{
  readonly limit: number;
}> {}

/** There is nothing at this address. */
export class NotFound extends Data.TaggedError("NotFound")<{
  readonly path: string;
}> {}

/** A page of another host had the browser send a request with somebody's cookie. */
export class CrossSite extends Data.TaggedError("CrossSite")<{
  /** What was missing: a request of this host's own pages, or a body that only they can send. */
  readonly reason: "origin" | "content_type";
}> {}

/** The e-mail address or the password is not right; which of them is not said, nor whether there is such an account. */
export class LoginRefused extends Data.TaggedError("LoginRefused")<{
  /** What is looked at: an account's password, or that of a shared link, given or left out. */
  readonly of: "account" | "link" | "link_missing";
}> {}

/** Too many passwords were tried on one account or link from one address. */
export class TooManyAttempts extends Data.TaggedError("TooManyAttempts")<{
  /** After so long an attempt passes. */
  readonly retryAfterSeconds: number;
}> {}

/** More passwords wait to be compared than are soon. */
export class PasswordsBusy extends Data.TaggedError("PasswordsBusy")<{
  readonly retryAfterSeconds: number;
}> {}

/** The token of a link is of none that is valid: it may have been used, revoked, or have expired. */
export class LinkInvalid extends Data.TaggedError("LinkInvalid")<{
  readonly link: "setup" | "invite" | "share" | "reset";
}> {}

/** There is no such entry in a list of people, sessions, links or erasures. */
export class UnknownEntry extends Data.TaggedError("UnknownEntry")<{
  readonly kind: "account" | "session" | "member" | "invite" | "share" | "erasure" | "link";
  readonly id: string;
}> {}

/** Nobody could manage the project any more. */
export class LastOwner extends Data.TaggedError("LastOwner")<{
  /** Undefined for the whole installation. */
  readonly project: string | undefined;
}> {}

/** A project has as many links of a kind as it may have. */
export class TooManyLinks extends Data.TaggedError("TooManyLinks")<{
  readonly limit: number;
}> {}
