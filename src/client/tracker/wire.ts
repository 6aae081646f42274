/** One event as the script posts it; the server checks types and adds what it can derive. */
export interface TrackerEvent {
  /** UUID; the same in every attempt to send this event. */
  readonly event_id: string;
  readonly event_type: string;
  /** Epoch milliseconds by the visitor's clock. */
  readonly occurred_at: number;
  readonly site_id: string | undefined;
  readonly source: string | undefined;
  readonly page_url: string;
  /** Set again shortly after a page view: frameworks change the title after the address. */
  page_title: string;
  readonly referrer: string;
  /** `1920x1080` */
  readonly screen: string;
  readonly language: string;
  readonly timezone: string;
  /** Only with `data-visitor="storage"`. */
  readonly visitor_id?: string;
  readonly session_id?: string;
  readonly properties: Properties;
}

/** What the site adds to an event: anything JSON can say. */
export type Properties = Readonly<Record<string, unknown>>;

/** The body of `POST /v1/events`. */
export interface TrackerBatch {
  readonly events: readonly TrackerEvent[];
  readonly api_key: string | undefined;
  /** Epoch milliseconds by the visitor's clock: lets the server correct its skew. */
  readonly sent_at: number;
}

/** What the page gets as `window.footfall`, or under the name in `data-global`. */
export interface FootfallApi {
  /** Queues one event; it is sent with the next batch, within 5 seconds. */
  trackEvent(type: string, properties?: Properties): void;
  /**
   * Sends what is queued now; resolves when the server has answered or the attempt has failed, at once while another
   * request is under way or the server asked to wait.
   */
  flush(): Promise<void>;
}
