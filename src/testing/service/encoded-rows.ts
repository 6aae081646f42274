import { ingestBatch } from "../../ingest/pipeline.ts";
import { testContext } from "./ingest-context.ts";

/** Events as they lie in the queue. Throws where one of them would be rejected. */
export const encodedRows = (
  events: ReadonlyArray<object>,
): { readonly count: number; readonly rows: Buffer } => {
  const batch = { events, sentAt: undefined, hasEscapes: true, mayHoldEmail: true, apiKey: undefined };
  const { count, rows, rejections } = ingestBatch(
    batch,
    testContext({ visitorKeys, receivedAt: Date.now() }),
  );
  if (rejections.length > 0) throw new Error(JSON.stringify(rejections));
  return { count, rows: Buffer.from(rows) };
};

const visitorKeys = {
  clientVisitor: () => "1",
  session: () => "1",
  cookielessVisitor: () => "1",
  prune: () => {},
  problem: () => undefined,
};
