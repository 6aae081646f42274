import { makeRandom, type Random } from "../../../src/testing/traffic/random.ts";
import { Connection, type HttpAnswer } from "./connection.ts";
import type { Events } from "./events.ts";
import type { Journal } from "./journal.ts";
import { Memory } from "./memory.ts";

export interface ClientOptions {
  readonly port: number;
  readonly seed: number;
  readonly clients: number;
  readonly events: Events;
  readonly journal: Journal;
  /** The life of the service that runs now, counted from 1. */
  readonly generation: () => number;
  /** Called in the moment in which an answer has come. */
  readonly onAnswer: () => void;
}

const LARGEST_BATCH = 100;
const PATIENT_MS = 6000;
const IMPATIENT_MS = 250;
const AFTER_NO_ANSWER_MS = 60;
const LONGEST_BACKOFF_MS = 400;
/** New events that may be made at once after a time in which nothing was answered. */
const LARGEST_BURST = 1500;

interface Answer {
  readonly accepted: number;
  readonly rejected: number;
  readonly duplicates?: number;
  readonly errors?: ReadonlyArray<{ readonly index: number; readonly code: string }>;
}

/** Clients that send as long as the run lasts, whatever happens to the service. */
export const startClients = (options: ClientOptions) => {
  const { events, journal, generation } = options;
  const memory = new Memory();
  let stopped = false;
  let paused = true;
  let busy = 0;
  let rate = 0;
  let allowance = 0;
  let countedAt = performance.now();

  const mayMake = (): boolean => {
    const now = performance.now();
    allowance = Math.min(LARGEST_BURST, allowance + ((now - countedAt) * rate) / 1000);
    countedAt = now;
    return !paused && allowance > 0;
  };

  const noteAnswer = (numbers: ReadonlyArray<number>, knownBefore: number, text: string): boolean => {
    const answer = JSON.parse(text) as Answer;
    const { accepted, rejected, duplicates = 0, errors = [] } = answer;
    const refused = new Set(errors.map(({ index }) => index));
    if (accepted + rejected !== numbers.length || rejected > 0) {
      journal.unexpected(
        `200 ${accepted} accepted, ${rejected} rejected (${errors[0]?.code ?? "no reason"})`,
      );
    }
    const distinct = new Set(numbers);
    // At most what was sent before or beside this: each attempt counts once in `sends`.
    const maybeKnown = [...distinct].filter((number) => journal.sends(number) > 1).length;
    const repeated = numbers.length - distinct.size;
    if (duplicates < knownBefore + repeated || duplicates > maybeKnown + repeated) {
      journal.tally.duplicatesMisreported++;
    }
    journal.tally.duplicatesReported += duplicates;
    journal.answer(new Set(numbers.filter((_, index) => !refused.has(index))), generation());
    return true;
  };

  /** Whether the request is done with; undefined when it is to be sent again. */
  const judge = (
    answer: HttpAnswer | undefined,
    numbers: ReadonlyArray<number>,
    knownBefore: number,
  ): boolean | undefined => {
    if (answer === undefined) {
      journal.tally.unanswered++;
      return undefined;
    }
    if (answer.status === 200) {
      journal.tally.answered++;
      return noteAnswer(numbers, knownBefore, answer.body);
    }
    if (answer.status === 503 || answer.status === 429) {
      journal.tally.refused++;
      return undefined;
    }
    journal.unexpected(`${answer.status} ${answer.body.slice(0, 120)}`);
    return answer.status >= 500 ? undefined : false;
  };

  /** Sends the same body again until it is answered, over restarts; gives up now and then when it gets no answer. */
  const deliver = async (connection: Connection, random: Random, numbers: ReadonlyArray<number>) => {
    const body = `{"events":[${numbers.map(events.encode).join(",")}]}`;
    const distinct = new Set(numbers);
    const givesUp = random.chance(0.2);
    for (let attempt = 1; !stopped; attempt++) {
      const knownBefore = [...distinct].filter((number) => journal.isAnswered(number)).length;
      journal.tally.requests++;
      journal.send(distinct, generation());
      const answer = await connection.post("/v1/events", body, {
        timeoutMs: random.chance(0.1) ? IMPATIENT_MS : PATIENT_MS,
        pauseMs: random.chance(0.05) ? 1 + random.below(40) : 0,
      });
      if (answer?.status === 200) options.onAnswer();
      const done = judge(answer, numbers, knownBefore);
      if (done === true) return memory.remember(numbers, random);
      if (done === false || (givesUp && answer === undefined && random.chance(0.5))) break;
      await Bun.sleep(AFTER_NO_ANSWER_MS + random.below(Math.min(LONGEST_BACKOFF_MS, attempt * 50)));
    }
    journal.tally.abandoned++;
    memory.abandon(numbers);
  };

  const newRequest = (random: Random): ReadonlyArray<number> => {
    const size = random.chance(0.3) ? 1 + random.below(5) : 1 + random.below(LARGEST_BATCH);
    allowance -= size;
    const numbers = [...journal.make(size)];
    // An old event in a new request: one that was answered, or one that was given up.
    if (random.chance(0.12)) numbers.push(...memory.olds(random, 1 + random.below(4)));
    if (random.chance(0.1)) numbers.push(...memory.abandoned(random, 1 + random.below(20)));
    if (random.chance(0.04)) numbers.push(numbers[random.below(numbers.length)] as number);
    return numbers;
  };

  const run = async (index: number): Promise<void> => {
    const random = makeRandom(options.seed, `client ${index}`);
    const [first, second] = [new Connection(options.port), new Connection(options.port)];
    while (!stopped) {
      if (!mayMake()) {
        await Bun.sleep(5);
        continue;
      }
      busy++;
      const draw = random.next();
      const again = draw < 0.08 ? memory.request(random) : undefined;
      const numbers = again ?? newRequest(random);
      const deliveries = [deliver(first, random, numbers)];
      // The same request over two connections at the same time.
      if (draw > 0.95) deliveries.push(deliver(second, random, numbers));
      await Promise.all(deliveries);
      busy--;
    }
    first.close();
    second.close();
  };

  const loops = Promise.all(Array.from({ length: options.clients }, (_, index) => run(index)));
  return {
    /** New events per second from now on. */
    resume: (eventsPerSecond: number): void => {
      rate = eventsPerSecond;
      countedAt = performance.now();
      paused = false;
    },
    /** No new requests; resolves with whether all that were under way have ended in time. */
    pause: async (deadlineMs: number): Promise<boolean> => {
      paused = true;
      const until = performance.now() + deadlineMs;
      while (busy > 0 && performance.now() < until) await Bun.sleep(10);
      return busy === 0;
    },
    stop: async (): Promise<void> => {
      stopped = true;
      await loops;
    },
  };
};
