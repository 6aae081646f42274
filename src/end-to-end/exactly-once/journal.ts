import { WINDOW_HOURS } from "../../ingest/duplicates/recent-ids.ts";
import type { IngestAnswer } from "../../ingest/ingest.ts";
import { type SimulatedTables, tableNames } from "./simulated-tables.ts";

/** An event as its sender knows it; it may be sent many times. */
export interface SentEvent {
  readonly id: string;
  /** The engine does not take it until it is cured. */
  readonly isPoison: boolean;
  /** Its text takes three bytes a character. */
  readonly isWide: boolean;
  /** So many months ago it happened. */
  readonly monthsBack: number;
}

/**
 * What is known of one sending of an event.
 *
 * - `pending`: not answered yet
 * - `owed`: answered as taken, or found in the spool after a restart: it has to be stored once
 * - `repeated`: answered as a duplicate
 * - `refused`: the disk failed, so that it is not stored, though a later restart may find it
 * - `turned away`: refused before anything was written
 * - `unanswered`: the process ended first; a restart may find it
 * - `set aside`: a dead letter of a ledger that was damaged
 */
type Fate = "pending" | "owed" | "repeated" | "refused" | "turned away" | "unanswered" | "set aside";

/** One sending of an event. */
export interface Copy {
  readonly name: string;
  readonly event: SentEvent;
  readonly sentAt: number;
  fate: Fate;
  /** The ledger was lost while its batch was in some tables only. */
  isUncertain: boolean;
}

export interface SentRequest {
  readonly copies: ReadonlyArray<Copy>;
  /** For each of its events that was sent before: the sending that counts. */
  readonly repeats: ReadonlyArray<Copy>;
  isOpen: boolean;
}

const HOUR_MS = 3_600_000;
const hourOf = (ms: number): number => Math.floor(ms / HOUR_MS);

/** Whether at `now` it is remembered what was received at `at`. */
const isRemembered = (at: number, now: number): boolean => hourOf(at) >= hourOf(now) - WINDOW_HOURS;

/** What was sent, what was answered, and what has to be in the tables because of it. */
export class Journal {
  readonly events: Array<SentEvent> = [];
  readonly requests: Array<SentRequest> = [];
  readonly #copies = new Map<string, Copy>();
  /** The last sending of each event that was taken. */
  readonly #taken = new Map<SentEvent, Copy>();
  readonly #onViolation: (what: string) => void;

  constructor(onViolation: (what: string) => void) {
    this.#onViolation = onViolation;
  }

  makeEvent(more: Omit<SentEvent, "id">): SentEvent {
    const event = { id: `event-${this.events.length}`, ...more };
    this.events.push(event);
    return event;
  }

  /** Notes a request that is sent at `now`, epoch ms. */
  send(events: ReadonlyArray<SentEvent>, now: number): SentRequest {
    const copies: Array<Copy> = [];
    const repeats: Array<Copy> = [];
    for (const event of events) {
      const before = this.#taken.get(event);
      const isRepeat = before !== undefined && isRemembered(before.sentAt, now);
      const name = `copy-${this.#copies.size}-`;
      const copy: Copy = { name, event, sentAt: now, fate: "pending", isUncertain: false };
      this.#copies.set(name, copy);
      if (isRepeat) {
        copy.fate = "repeated";
        repeats.push(before);
      } else this.#taken.set(event, copy);
      copies.push(copy);
    }
    const request = { copies, repeats, isOpen: true };
    this.requests.push(request);
    return request;
  }

  #pending({ copies }: SentRequest): ReadonlyArray<Copy> {
    return copies.filter(({ fate }) => fate === "pending");
  }

  /** `isDurable` says whether a text is where an answered event has to be. */
  answer(request: SentRequest, answer: IngestAnswer, isDurable: (text: string) => boolean): void {
    request.isOpen = false;
    const { copies, repeats } = request;
    const { accepted, rejected, duplicates = 0 } = answer;
    if (accepted !== copies.length || rejected !== 0 || duplicates !== repeats.length) {
      const expected = `${copies.length} accepted, ${repeats.length} of them duplicates`;
      this.#onViolation(`answered ${JSON.stringify(answer)} instead of ${expected}`);
    }
    for (const copy of this.#pending(request)) {
      copy.fate = "owed";
      if (!isDurable(copy.name)) this.#onViolation(`${copy.name} is answered and not durable`);
    }
    for (const { name, fate } of repeats) {
      if (fate !== "owed") this.#onViolation(`answered as a duplicate of ${name}, which is ${fate}`);
    }
  }

  refuse(request: SentRequest, wasWritten: boolean): void {
    request.isOpen = false;
    for (const copy of this.#pending(request)) {
      copy.fate = wasWritten ? "refused" : "turned away";
      this.#taken.delete(copy.event);
    }
  }

  /** The process ended: nobody hears an answer any more. */
  end(): void {
    for (const request of this.requests.filter(({ isOpen }) => isOpen)) {
      request.isOpen = false;
      for (const copy of this.#pending(request)) copy.fate = "unanswered";
    }
  }

  /** Before a start: the names of all sendings that are in the spool or in a table. */
  restart(found: ReadonlySet<string>): void {
    this.#taken.clear();
    for (const copy of this.#copies.values()) {
      const { name, event, fate } = copy;
      if (!found.has(name)) {
        if (fate === "owed") this.#onViolation(`${name} was answered and is lost`);
        continue;
      }
      if (fate === "repeated" || fate === "turned away") this.#onViolation(`${name} is there, but ${fate}`);
      copy.fate = "owed";
      const before = this.#taken.get(event);
      if (before !== undefined && isRemembered(before.sentAt, copy.sentAt)) {
        this.#onViolation(`${name} is there, and ${before.name} of the same event`);
      }
      this.#taken.set(event, copy);
    }
  }

  /** The ledger is lost, and with it what it had put aside and which batch was under way. */
  loseLedger(setAside: ReadonlyMap<string, number>, tables: SimulatedTables): void {
    const counts = tableNames.map((table) => tables.copies(table));
    for (const copy of this.#copies.values()) {
      if (setAside.has(copy.name)) copy.fate = "set aside";
      if (new Set(counts.map((count) => count.get(copy.name) ?? 0)).size > 1) copy.isUncertain = true;
    }
  }

  /** Whether some event may be there twice, because its first sending was forgotten after two days. */
  get hasEventsTwice(): boolean {
    const there = [...this.#copies.values()].filter(
      ({ fate }) => fate !== "repeated" && fate !== "turned away",
    );
    return new Set(there.map(({ event }) => event)).size < there.length;
  }

  /** Nothing is stored that must not be, and nothing twice; with `isComplete` all is stored or put aside that must be. */
  check(tables: SimulatedTables, deadLetters: ReadonlyMap<string, number>, isComplete: boolean): void {
    const counts = tableNames.map((table) => [table, tables.copies(table)] as const);
    for (const { name, event, fate, isUncertain } of this.#copies.values()) {
      const most = fate === "owed" ? 1 : 0;
      const putAside = deadLetters.get(name) ?? 0;
      if (putAside > (event.isPoison ? most : 0)) {
        this.#onViolation(`${name} (${fate}) is put aside ${putAside} times`);
      }
      for (const [table, count] of counts) {
        if (isUncertain && table !== "events") continue;
        const times = count.get(name) ?? 0;
        const least = isComplete ? most - putAside : 0;
        if (times < least || times > (isComplete ? least : most)) {
          this.#onViolation(`${name} (${fate}) is ${times} times in ${table}, ${putAside} times put aside`);
        }
      }
    }
  }
}
