import { type Events, makeEvents } from "../../../scripts/chaos/clients/events.ts";

/** Events that go in one request, and so in one batch. */
export interface Sending {
  /** Their numbers among the scenario's events. */
  readonly numbers: ReadonlyArray<number>;
  readonly body: string;
}

/** What is stored before, and the batch over whose journey the service is killed. */
export interface Scenario {
  readonly events: Events;
  /** Stored in an earlier life. */
  readonly history: Sending;
  /** Stored in the same life, where there is one. */
  readonly earlier: Sending;
  readonly batch: Sending;
  /** Partitions that the batch has in each table, such as `202611`. */
  readonly months: ReadonlyArray<string>;
}

const SEED = 11;
const MONTHS = 3;
const HISTORY_PER_MONTH = 6;
const EARLIER_PER_MONTH = 12;
const BATCH_PER_MONTH = 20;
const NUMBERS = 3000;

/** All have events in the same three months, and some in the same buckets. Times are in the past of `now`, epoch ms. */
export const makeScenario = (now: number): Scenario => {
  const events = makeEvents(SEED, now);
  const byMonth = new Map<string, Array<number>>();
  for (let number = 0; number < NUMBERS; number++) {
    const month = new Date(events.of(number).occurredAtMs).toISOString().slice(0, 7).replace("-", "");
    byMonth.set(month, [...(byMonth.get(month) ?? []), number]);
  }
  const months = [...byMonth.keys()].sort().slice(-MONTHS);
  const sending = (from: number, count: number): Sending => {
    const numbers = months.flatMap((month) => (byMonth.get(month) ?? []).slice(from, from + count));
    if (numbers.length !== months.length * count) throw new Error(`Too few events in one of ${months}`);
    return { numbers, body: `{"events":[${numbers.map(events.encode).join(",")}]}` };
  };
  return {
    events,
    history: sending(0, HISTORY_PER_MONTH),
    earlier: sending(HISTORY_PER_MONTH, EARLIER_PER_MONTH),
    batch: sending(HISTORY_PER_MONTH + EARLIER_PER_MONTH, BATCH_PER_MONTH),
    months,
  };
};
