import type { Rejection } from "../domain/event.ts";
import { type Sighting, Sightings } from "../realtime/sightings.ts";
import type { Batch } from "./batch.ts";
import { Draft, type IngestContext, type Step } from "./draft.ts";
import { withoutEmails } from "./privacy/without-emails.ts";
import { RowBuffer } from "./row-buffer.ts";
import { dropMistypedProperties, dropUnwanted, explainEvent, isEventInput } from "./steps/check-fields.ts";
import { putAgent, putEventId, putVisitor } from "./steps/identity.ts";
import { dropExcludedPath, putArrival, putPage, putSite, putSource } from "./steps/page.ts";
import { dropUnstorableText, putProperties } from "./steps/properties.ts";
import { putTime } from "./steps/time.ts";

/** What happens to an event, in this order. */
const steps: ReadonlyArray<Step> = [
  dropUnwanted,
  dropMistypedProperties,
  putProperties,
  dropUnstorableText,
  putTime,
  putEventId,
  putPage,
  dropExcludedPath,
  putSite,
  putSource,
  putArrival,
  putAgent,
  putVisitor,
];

/** The events of a batch that were taken, and why the others were not. */
export interface IngestedBatch {
  /** How many events were taken and are to be stored. */
  readonly count: number;
  /** How many were taken before: there is nothing to store of them. */
  readonly duplicates: number;
  /** Their encoded rows, as they go to the store. Valid until the next batch is ingested. */
  readonly rows: Buffer;
  /** Who was seen in them, for the numbers of the moment. */
  readonly sightings: ReadonlyArray<Sighting>;
  readonly rejections: ReadonlyArray<Rejection>;
}

const encoded = new RowBuffer();

/** Takes or rejects every event on its own: `count + duplicates + rejections.length` is the number of events. */
export const ingestBatch = ({ events, mayHoldEmail }: Batch, context: IngestContext): IngestedBatch => {
  const { project, privacy, visitorKeys } = context;
  encoded.clear();
  let count = 0;
  let duplicates = 0;
  const rejections: Array<Rejection> = [];
  const sightings = new Sightings(context.receivedAt);
  next: for (let index = 0; index < events.length; index++) {
    const input = events[index];
    if (!isEventInput(input)) {
      rejections.push({ index, ...explainEvent(input) });
      continue;
    }
    const wanted = privacy.strip === undefined ? input : privacy.strip(input);
    const draft = new Draft(
      mayHoldEmail ? withoutEmails(wanted, (id) => visitorKeys.clientVisitor(project, id)) : wanted,
    );
    for (const step of steps) {
      const drop = step(draft, context);
      if (drop !== undefined) {
        rejections.push({ index, ...drop });
        continue next;
      }
    }
    // Ids that were made here are new.
    if (draft.eventId === draft.input.event_id && !context.isNew(draft.eventId)) {
      duplicates++;
      continue;
    }
    sightings.add(draft, encoded.add(draft, context));
    count++;
  }
  return { count, duplicates, rows: encoded.rows, sightings: sightings.list, rejections };
};
