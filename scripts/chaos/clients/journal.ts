/** What the clients were told of one event. Times are milliseconds since the run began, -1 for never. */
export interface EventHistory {
  readonly sends: number;
  readonly firstSentAt: number;
  readonly lastSentAt: number;
  /** Answers that took it. */
  readonly answers: number;
  readonly answeredAt: number;
  /** The life of the service, counted from 1, that it was first sent to and that first answered it. */
  readonly sentTo: number;
  readonly answeredBy: number;
}

/** Counts of what the clients did and were told. */
export interface ClientTally {
  /** Requests that went out, repetitions included. */
  requests: number;
  answered: number;
  /** Requests whose connection ended or whose time was up before an answer. */
  unanswered: number;
  /** 503 and 429. */
  refused: number;
  /** Requests given up without an answer. */
  abandoned: number;
  duplicatesReported: number;
  /** Answers whose `duplicates` cannot be right. */
  duplicatesMisreported: number;
  /** Other statuses and answers that reject what is valid: how often each came. */
  readonly unexpected: Map<string, number>;
}

const NEVER = -1;

/** All that the clients know: what they sent and what they were told. Events are numbers from 0. */
export class Journal {
  readonly tally: ClientTally = {
    requests: 0,
    answered: 0,
    unanswered: 0,
    refused: 0,
    abandoned: 0,
    duplicatesReported: 0,
    duplicatesMisreported: 0,
    unexpected: new Map(),
  };
  readonly #startedAt: number;
  readonly #sends: Array<number> = [];
  readonly #firstSentAt: Array<number> = [];
  readonly #lastSentAt: Array<number> = [];
  readonly #answers: Array<number> = [];
  readonly #answeredAt: Array<number> = [];
  readonly #sentTo: Array<number> = [];
  readonly #answeredBy: Array<number> = [];
  #answeredEvents = 0;

  constructor(startedAt = performance.now()) {
    this.#startedAt = startedAt;
  }

  /** Milliseconds since the run began. */
  now(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  /** Events made so far; they have the numbers below this. */
  get events(): number {
    return this.#sends.length;
  }

  get answeredEvents(): number {
    return this.#answeredEvents;
  }

  /** Makes new events and returns their numbers. */
  make(count: number): ReadonlyArray<number> {
    return Array.from({ length: count }, () => {
      this.#firstSentAt.push(NEVER);
      this.#lastSentAt.push(NEVER);
      this.#answers.push(0);
      this.#answeredAt.push(NEVER);
      this.#sentTo.push(0);
      this.#answeredBy.push(0);
      return this.#sends.push(0) - 1;
    });
  }

  send(numbers: Iterable<number>, generation: number): void {
    const at = this.now();
    for (const number of numbers) {
      if (this.#sends[number] === 0) {
        this.#firstSentAt[number] = at;
        this.#sentTo[number] = generation;
      }
      this.#lastSentAt[number] = at;
      this.#sends[number] = this.sends(number) + 1;
    }
  }

  answer(numbers: Iterable<number>, generation: number): void {
    const at = this.now();
    for (const number of numbers) {
      if (this.#answers[number] === 0) {
        this.#answeredAt[number] = at;
        this.#answeredBy[number] = generation;
        this.#answeredEvents++;
      }
      this.#answers[number] = (this.#answers[number] ?? 0) + 1;
    }
  }

  unexpected(what: string): void {
    this.tally.unexpected.set(what, (this.tally.unexpected.get(what) ?? 0) + 1);
  }

  sends(number: number): number {
    return this.#sends[number] ?? 0;
  }

  isAnswered(number: number): boolean {
    return (this.#answers[number] ?? 0) > 0;
  }

  history(number: number): EventHistory {
    return {
      sends: this.sends(number),
      firstSentAt: this.#firstSentAt[number] ?? NEVER,
      lastSentAt: this.#lastSentAt[number] ?? NEVER,
      answers: this.#answers[number] ?? 0,
      answeredAt: this.#answeredAt[number] ?? NEVER,
      sentTo: this.#sentTo[number] ?? 0,
      answeredBy: this.#answeredBy[number] ?? 0,
    };
  }
}
