import type { EventInput, RejectionCode } from "../domain/event.ts";
import type { RequestPrivacy } from "./privacy/request-privacy.ts";
import type { Channel } from "./steps/channel.ts";
import type { Place } from "./steps/geo.ts";
import type { PageAddress } from "./steps/page-url.ts";
import { type AgentFacts, readUserAgent } from "./steps/user-agent.ts";
import type { VisitorKeys } from "./visitor.ts";

/** What is known of a request before its events are looked at; loaded once, shared by all of them. */
export interface IngestContext {
  readonly project: string;
  readonly receivedAt: number;
  /** What to add to the sender's clock to get ours, in milliseconds; 0 when it did not say when it sent. */
  readonly clockSkewMs: number;
  /** Older events are rejected, in milliseconds before `receivedAt`. */
  readonly retentionMs: number;
  /** Host of the `Origin` header, or "". */
  readonly originHost: string;
  readonly userAgent: string;
  /** The client's address; used for the place and the cookieless visitor, then forgotten. */
  readonly address: string;
  readonly place: Place;
  readonly visitorKeys: VisitorKeys;
  /** What the project and the visitor let be known. */
  readonly privacy: RequestPrivacy;
  /** Whether strings have to be looked at for NUL and lone surrogates. */
  readonly checkText: boolean;
  readonly newId: () => string;
  /** Whether an event id of a sender was not seen yet; from then on it was. */
  readonly isNew: (eventId: string) => boolean;
}

/** Why an event is not taken; a step's answer instead of nothing. */
export interface Drop {
  readonly code: RejectionCode;
  readonly message: string;
}

const noProperties = {};

/** Of an event without a page. */
export const noPage: PageAddress = {
  url: "",
  host: "",
  path: "",
  utmSource: "",
  utmMedium: "",
  utmCampaign: "",
  utmTerm: "",
  utmContent: "",
  clickIdType: "",
  clickId: "",
};

/**
 * One event on its way through the steps, which fill it in. It is one mutable object of one shape because a copy per
 * step would cost more than all the steps together.
 */
export class Draft {
  eventId = "";
  eventVersion = 1;
  occurredAt = 0;
  siteId = "";
  source = "";
  visitorId = "0";
  sessionId = "0";
  userId = "";
  page: PageAddress = noPage;
  path = "";
  referrerDomain = "";
  channel: Channel = "direct";
  agent: AgentFacts = readUserAgent("");
  mappingId = 0;
  postId = 0;
  deviceSlug = "";
  properties: object = noProperties;

  constructor(readonly input: EventInput) {}
}

/** A step fills in the draft, or says why the event is not taken. */
export type Step = (draft: Draft, context: IngestContext) => Drop | undefined;
