import { describe, expect, test } from "bun:test";
import { kindNames, makeCase } from "./fuzz/cases.ts";
import { fuzz } from "./fuzz/fuzz.ts";
import type { Expected } from "./fuzz/fuzz-case.ts";
import { markerOf } from "./fuzz/marker.ts";
import { describeRun } from "./fuzz/summary.ts";
import { type StoredRow, Verdict, wrongInAnswer } from "./fuzz/verdict.ts";
import type { WireAnswer } from "./wire.ts";

const SEED = 1;
const NOW = Date.parse("2026-01-01T00:00:00Z");

const answerOf = (status: number, body: unknown, headers: Record<string, string> = {}): WireAnswer => ({
  status,
  headers: new Map(Object.entries(headers)),
  body: JSON.stringify(body),
  at: 0,
});

const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  answerOf(
    status,
    { status, code, title: "A title" },
    { "content-type": "application/problem+json", ...headers },
  );

const accepted = (count: number, duplicates = 0) =>
  answerOf(200, { accepted: count, rejected: 0, duplicates });

describe("what may be answered", () => {
  const right: ReadonlyArray<readonly [answer: WireAnswer, expected: Expected]> = [
    [accepted(3), 3],
    [accepted(3, 3), 3],
    [answerOf(200, { accepted: 1, rejected: 1, errors: [{}] }), 2],
    [problem(400, "malformed_batch"), "refused"],
    [problem(413, "body_too_large"), "either"],
    [problem(503, "queue_full", { "retry-after": "2" }), 3],
    [answerOf(431, ""), "anything"],
  ];
  test.each(right)("%#: nothing is wrong", (answer, expected) => {
    expect(wrongInAnswer(answer, expected)).toBeUndefined();
  });

  const wrong: ReadonlyArray<readonly [answer: WireAnswer, expected: Expected]> = [
    [accepted(2), 3],
    [accepted(3), "refused"],
    [accepted(1, 2), 1],
    [answerOf(200, { accepted: 1, rejected: 1 }), 2],
    [answerOf(200, {}), "either"],
    [problem(400, "malformed_batch"), 3],
    [answerOf(400, "no problem"), "refused"],
    [problem(404, "not_found"), "refused"],
    [problem(500, "internal_error"), "anything"],
    [problem(503, "queue_full"), 3],
    [problem(503, "store_unavailable", { "retry-after": "5" }), 3],
  ];
  test.each(wrong)("%#: something is wrong", (answer, expected) => {
    expect(wrongInAnswer(answer, expected)).toEqual(expect.any(String));
  });
});

describe("what is stored against what was answered", () => {
  const sent = { marks: 7, number: 7, kind: "", pieces: [], expected: 2, hangsUp: false } as const;
  const row = (number: number, index: number, spoiled = false): StoredRow => ({
    event_id: spoiled ? `spoiled ${index}` : markerOf(SEED, number, index),
    user_id: "",
    page_title: "",
    site_id: "example.org",
  });
  const judge = (
    outcomes: ReadonlyArray<WireAnswer | "hung up" | "closed">,
    rows: ReadonlyArray<StoredRow>,
  ): number => {
    const verdict = new Verdict(SEED);
    for (const answer of outcomes) {
      verdict.add({ sent: { ...sent, hangsUp: answer === "hung up" }, answer, ms: 1 });
    }
    verdict.compare(rows);
    return verdict.findings.length;
  };
  const two = [row(7, 0), row(7, 1)];

  test("agrees", () => {
    expect(judge([accepted(2)], two)).toBe(0);
    expect(judge([accepted(2), accepted(2, 2)], two)).toBe(0);
    expect(judge([accepted(2)], [row(7, 0), row(7, 1, true)])).toBe(0);
    expect(judge([problem(503, "queue_full", { "retry-after": "2" })], [])).toBe(0);
    // Whether a request whose sender hung up was taken is open.
    expect(judge(["hung up"], two)).toBe(0);
    expect(judge(["hung up"], [])).toBe(0);
    expect(judge(["hung up", accepted(2, 2)], two)).toBe(0);
  });

  test.each([
    ["an event is lost", [accepted(2)], [row(7, 0)]],
    ["an event is lost, though another of its case got no answer", [accepted(2), "hung up"], [row(7, 0)]],
    ["an event is there twice", [accepted(2)], [row(7, 0), row(7, 0)]],
    ["an event is there that was refused", [problem(503, "queue_full", { "retry-after": "2" })], [row(7, 0)]],
    ["an event is there that nobody sent", [accepted(2)], [...two, row(8, 0)]],
    ["an event is there that names nothing", [accepted(2)], [...two, row(7, 2, true)]],
    ["there was no answer", ["closed"], []],
  ] as const)("finds that %s", (_, outcomes, rows) => {
    expect(judge(outcomes, rows)).toBeGreaterThan(0);
  });
});

test("a case is made again from its seed and number", () => {
  for (let number = 0; number < 300; number++) {
    const [first, again] = [makeCase(SEED, NOW, number), makeCase(SEED, NOW, number)];
    expect(Buffer.concat(first.pieces).equals(Buffer.concat(again.pieces))).toBe(true);
  }
});

test("random and mutated requests get an answer, and only what is answered as accepted is stored", async () => {
  const report = await fuzz({ bodies: 2500, seed: SEED });
  console.log(describeRun(report).split("\n").slice(-6).join("\n"));
  expect(report.findings).toEqual([]);
  expect(report.bodies).toBe(2500);
  // The run was what it claims to be.
  expect(report.byKind.size).toBeGreaterThan(kindNames.length - 5);
  expect(report.events.answered).toBeGreaterThan(2000);
}, 120_000);
