import { Wire, type WireAnswer } from "../wire.ts";
import type { FuzzCase } from "./fuzz-case.ts";

export interface Outcome {
  readonly sent: FuzzCase;
  /** That it hung up itself, that the service closed the connection, or that nothing came in time. */
  readonly answer: WireAnswer | "hung up" | "closed" | "silent";
  /** From the first byte to the last of the answer, in milliseconds. */
  readonly ms: number;
}

/** A sound request has to be answered within this time. */
export const ANSWER_DEADLINE_MS = 15_000;

/** A broken one may wait for bytes that do not come. */
const BROKEN_DEADLINE_MS = 1500;

const send = async (wire: Wire, sent: FuzzCase): Promise<Outcome> => {
  const startedAt = performance.now();
  for (const [index, piece] of sent.pieces.entries()) {
    if (index > 0) await new Promise((resolve) => setImmediate(resolve));
    wire.write(piece);
  }
  const deadlineMs = sent.expected === "anything" ? BROKEN_DEADLINE_MS : ANSWER_DEADLINE_MS;
  const answer = sent.hangsUp ? "hung up" : await wire.answer(deadlineMs);
  return { sent, answer, ms: performance.now() - startedAt };
};

export interface SenderOptions {
  readonly url: URL;
  readonly connections: number;
  /** The next case; undefined when there is none left. */
  readonly next: () => FuzzCase | undefined;
  readonly onOutcome: (outcome: Outcome) => void;
}

/** Sends cases over several connections, which are kept as long as their requests are sound. Ends early when none opens. */
export const sendCases = async ({ url, connections, next, onOutcome }: SenderOptions): Promise<void> => {
  const run = async (): Promise<void> => {
    let wire: Wire | undefined;
    for (let sent = next(); sent !== undefined; sent = next()) {
      if (wire === undefined || !wire.isOpen) wire = await Wire.open(url);
      const outcome = await send(wire, sent);
      onOutcome(outcome);
      const { answer } = outcome;
      const isKept = typeof answer !== "string" && answer.headers.get("connection") !== "close";
      // What is behind an answer to a broken request belongs to nothing.
      if (!isKept || sent.expected === "anything") wire.close();
    }
    wire?.close();
  };
  await Promise.all(Array.from({ length: connections }, run));
};
