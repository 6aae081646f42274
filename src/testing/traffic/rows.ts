import { ingestBatch } from "../../ingest/pipeline.ts";
import { ordinaryPrivacy } from "../../ingest/privacy/request-privacy.ts";
import { rememberLast } from "../../ingest/remember-last.ts";
import type { VisitorKeys } from "../../ingest/visitor.ts";
import type { TrafficRequest } from "./visit.ts";

const DAY_MS = 86_400_000;

/**
 * Visitor and session numbers that follow from the seed, so that the same traffic gives the same rows in every data
 * directory. Nobody is behind them, so they need not be secret.
 */
export const seededVisitorKeys = (seed: number): VisitorKeys => {
  const numberOf = (purpose: string) =>
    rememberLast((text) => {
      const number = BigInt(Bun.hash.xxHash64(`${purpose}\0${text}`, BigInt(seed)));
      return number === 0n ? "1" : number.toString();
    });
  const visitor = numberOf("visitor");
  const session = numberOf("session");
  const cookieless = numberOf("cookieless");
  return {
    clientVisitor: (project, id) => visitor(`${project}\0${id}`),
    session: (project, id) => session(`${project}\0${id}`),
    cookielessVisitor: (project, site, address, agent, at = 0) =>
      cookieless(`${Math.floor(at / DAY_MS)}\0${project}\0${site}\0${address}\0${agent}`),
    prune: () => {},
    problem: () => undefined,
  };
};

export interface TrafficRowsOptions {
  readonly seed: number;
  readonly project: string;
  /** Rows in a chunk, at most; one request is never split. */
  readonly chunkRows: number;
}

/** Encoded rows, still without their batch number (`numberRows`), and the requests that they came from. */
export interface TrafficRows {
  readonly rows: Buffer;
  readonly count: number;
  readonly requests: ReadonlyArray<TrafficRequest>;
}

/**
 * Traffic as the rows that the service would store: every request goes through the pipeline as if it had just come in.
 * Throws when an event is rejected, which would be a mistake of the generator.
 */
export function* trafficRows(
  traffic: Iterable<TrafficRequest>,
  { seed, project, chunkRows }: TrafficRowsOptions,
): Generator<TrafficRows, void> {
  const visitorKeys = seededVisitorKeys(seed);
  let parts: Array<Buffer> = [];
  let requests: Array<TrafficRequest> = [];
  let count = 0;
  const chunk = (): TrafficRows => ({ rows: Buffer.concat(parts), count, requests });
  for (const request of traffic) {
    if (count > 0 && count + request.events.length > chunkRows) {
      yield chunk();
      parts = [];
      requests = [];
      count = 0;
    }
    const encoded = ingestBatch(
      {
        events: request.events,
        sentAt: undefined,
        hasEscapes: false,
        mayHoldEmail: false,
        apiKey: undefined,
      },
      {
        project,
        receivedAt: request.receivedAt,
        clockSkewMs: 0,
        // A visit's events are minutes old when they are sent, whenever that was.
        retentionMs: DAY_MS,
        originHost: request.siteId,
        userAgent: request.userAgent,
        address: "",
        place: request.place,
        visitorKeys,
        privacy: ordinaryPrivacy,
        checkText: false,
        isNew: () => true,
        newId: () => {
          throw new Error("Traffic events bring their ids.");
        },
      },
    );
    const [rejection] = encoded.rejections;
    if (rejection !== undefined) throw new Error(`A traffic event was rejected: ${rejection.message}`);
    parts.push(Buffer.from(encoded.rows));
    requests.push(request);
    count += encoded.count;
  }
  if (count > 0) yield chunk();
}
