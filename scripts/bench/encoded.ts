import { Either } from "effect";
import { readBatch } from "../../src/ingest/batch.ts";
import { ingestBatch } from "../../src/ingest/pipeline.ts";
import { ordinaryPrivacy } from "../../src/ingest/privacy/request-privacy.ts";
import { openVisitorKeys } from "../../src/ingest/visitor.ts";
import { EVENTS_PER_REQUEST, makeBodies } from "./bodies.ts";
import { temporaryDirectory } from "./child.ts";

const DAY_MS = 86_400_000;

/** Rows as the service itself encodes them from the bodies that the load sends. */
export const encodedRows = (rows: number): Buffer => {
  const visitorKeys = openVisitorKeys(temporaryDirectory(), Date.now);
  return Buffer.concat(
    makeBodies(rows / EVENTS_PER_REQUEST).map((body) => {
      const batch = readBatch(body);
      if (Either.isLeft(batch)) throw batch.left;
      const { rows } = ingestBatch(batch.right, {
        project: "default",
        receivedAt: Date.now(),
        clockSkewMs: 0,
        retentionMs: 90 * DAY_MS,
        originHost: "",
        userAgent: "",
        address: "",
        place: { country: "DE", region: "" },
        visitorKeys,
        privacy: ordinaryPrivacy,
        checkText: false,
        newId: () => crypto.randomUUID(),
        isNew: () => true,
      });
      return Buffer.from(rows);
    }),
  );
};
