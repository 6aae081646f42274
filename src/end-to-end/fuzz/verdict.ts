import type { WireAnswer } from "../wire.ts";
import type { Expected, FuzzCase } from "./fuzz-case.ts";
import { caseNamedIn } from "./marker.ts";
import type { Outcome } from "./sender.ts";

/** Where an event names its case; mutation may have spoiled some of them. */
export interface StoredRow {
  readonly event_id: string;
  readonly user_id: string;
  readonly page_title: string;
  readonly site_id: string;
}

/** What is wrong, for people, and the case that shows it. */
export interface Finding {
  readonly number: number | undefined;
  readonly what: string;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const refusals = new Set(["queue_full", "spool_full", "intake_full"]);

const parsed = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
};

/** What is wrong with an answer to a batch that was taken; undefined when nothing is. */
const wrongInTaken = (answer: WireAnswer, expected: Expected): string | undefined => {
  const { accepted, rejected, duplicates = 0, errors = [] } = parsed(answer.body);
  if (!isCount(accepted) || !isCount(rejected) || !isCount(duplicates) || duplicates > accepted) {
    return `200 without counts: ${answer.body.slice(0, 200)}`;
  }
  if (!Array.isArray(errors) || errors.length !== rejected)
    return `${rejected} rejected, not as many explained`;
  if (typeof expected === "number" && accepted + rejected !== expected) {
    return `${accepted} accepted and ${rejected} rejected of ${expected}`;
  }
  return expected === "refused" ? "taken, though it is no batch" : undefined;
};

const wrongInProblem = ({ status, headers, body }: WireAnswer): string | undefined => {
  const { code, title, status: said } = parsed(body);
  if (headers.get("content-type") !== "application/problem+json") return `${status} that is no problem`;
  return said === status && typeof code === "string" && typeof title === "string"
    ? undefined
    : `${status} that does not explain itself: ${body.slice(0, 200)}`;
};

/** What is wrong with an answer, given what may be answered; undefined when nothing is. */
export const wrongInAnswer = (answer: WireAnswer, expected: Expected): string | undefined => {
  const { status, headers, body } = answer;
  if (status === 503) {
    return refusals.has(String(parsed(body).code)) && Number(headers.get("retry-after")) > 0
      ? undefined
      : `503 that nobody intended: ${body.slice(0, 200)}`;
  }
  // What speaks another version of HTTP is told so.
  if (status === 505 && expected === "anything") return undefined;
  if (status < 200 || status >= 500) return `${status}: ${body.slice(0, 200)}`;
  if (expected === "anything") return undefined;
  if (status === 200) return wrongInTaken(answer, expected);
  if (status !== 400 && status !== 413) return `${status}`;
  return typeof expected === "number"
    ? `${status} to a batch: ${body.slice(0, 200)}`
    : wrongInProblem(answer);
};

/** How many events of it an answer says are stored now and were not before. */
const newlyStored = (answer: WireAnswer): number => {
  const { accepted, duplicates = 0 } = answer.status === 200 ? parsed(answer.body) : {};
  return isCount(accepted) && isCount(duplicates) ? accepted - duplicates : 0;
};

interface Account {
  /** What the answers say is stored of it. */
  answered: number;
  /** A sending of it ended without its answer. */
  isOpen: boolean;
}

/** Holds what was answered against what is stored. */
export class Verdict {
  readonly findings: Array<Finding> = [];
  readonly #seed: number;
  readonly #accounts = new Map<number, Account>();
  /** Events that were answered as accepted, without duplicates. */
  answered = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  add({ sent, answer }: Outcome): void {
    const account = this.#accounts.get(sent.marks) ?? { answered: 0, isOpen: false };
    this.#accounts.set(sent.marks, account);
    if (typeof answer !== "string") {
      const wrong = wrongInAnswer(answer, sent.expected);
      if (wrong !== undefined) this.#find(sent, wrong);
      account.answered += newlyStored(answer);
      this.answered += newlyStored(answer);
      return;
    }
    account.isOpen = true;
    if (!sent.hangsUp && sent.expected !== "anything") this.#find(sent, `${answer} instead of an answer`);
  }

  /** Compares all rows that are stored; returns how many are of cases whose answers are not known. */
  compare(rows: Iterable<StoredRow>): { readonly stored: number; readonly open: number } {
    const ids = new Set<string>();
    const counts = new Map<number, number>();
    let stored = 0;
    let unnamed = 0;
    for (const row of rows) {
      stored++;
      if (ids.has(row.event_id)) this.findings.push({ number: undefined, what: `twice: ${row.event_id}` });
      ids.add(row.event_id);
      const marks = [row.event_id, row.user_id, row.page_title, row.site_id]
        .map((text) => caseNamedIn(this.#seed, text))
        .find((number) => number !== undefined);
      if (marks === undefined) unnamed++;
      else counts.set(marks, (counts.get(marks) ?? 0) + 1);
    }
    let open = 0;
    for (const [marks, count] of counts) {
      const account = this.#accounts.get(marks);
      const answered = account?.answered ?? 0;
      if (account?.isOpen) open += Math.max(0, count - answered);
      else if (count > answered) {
        this.findings.push({ number: marks, what: `${count} stored, ${answered} answered as accepted` });
      }
    }
    for (const [marks, { answered }] of this.#accounts) {
      const count = counts.get(marks) ?? 0;
      if (count < answered - unnamed) {
        this.findings.push({ number: marks, what: `${count} stored, ${answered} answered as accepted` });
      }
    }
    if (stored - open !== this.answered) {
      this.findings.push({
        number: undefined,
        what: `${stored} stored, ${this.answered} answered as accepted, ${open} of cases without an answer`,
      });
    }
    return { stored, open };
  }

  #find(sent: FuzzCase, what: string): void {
    this.findings.push({ number: sent.number, what: `${sent.kind}: ${what}` });
  }
}
