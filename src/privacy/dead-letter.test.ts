import { expect, test } from "bun:test";
import { eventColumns } from "../store/event-row.ts";
import { isLetterOf } from "./dead-letter.ts";
import { ofSession, ofUser, ofVisitor, type Subject, wholeProject } from "./subject.ts";

const letter = (values: Partial<Record<(typeof eventColumns)[number], unknown>>): string =>
  JSON.stringify(
    eventColumns.map(
      (name) =>
        ({
          project_id: "shop",
          received_at: 1000,
          visitor_id: "18446744073709551615",
          session_id: "7",
          user_id: "",
          ...values,
        })[name as string] ?? "",
    ),
  );

const cases: ReadonlyArray<readonly [name: string, subject: Subject, row: string, expected: boolean]> = [
  ["a visitor's", ofVisitor("shop", "18446744073709551615"), letter({}), true],
  ["another visitor's", ofVisitor("shop", "18446744073709551614"), letter({}), false],
  ["a visitor's in another project", ofVisitor("other", "18446744073709551615"), letter({}), false],
  ["a session's", ofSession("shop", "7"), letter({}), true],
  ["an event without a session", ofSession("shop", "7"), letter({ session_id: "0" }), false],
  ["a user's", ofUser("shop", "alice"), letter({ user_id: "alice" }), true],
  ["another user's", ofUser("shop", "alice"), letter({ user_id: "bob" }), false],
  ["a nameless one of a visitor that is nobody's", ofUser("shop", "alice"), letter({}), false],
  [
    "a nameless one of a user's visitor",
    { ...ofUser("shop", "alice"), visitors: ["18446744073709551615"] },
    letter({}),
    true,
  ],
  [
    "another user's with the same visitor",
    { ...ofUser("shop", "alice"), visitors: ["18446744073709551615"] },
    letter({ user_id: "bob" }),
    false,
  ],
  ["any of a project", wholeProject("shop"), letter({ user_id: "bob" }), true],
  [
    "what came after the request",
    ofVisitor("shop", "18446744073709551615"),
    letter({ received_at: 1001 }),
    false,
  ],
];

for (const [name, subject, row, expected] of cases) {
  test(`${name} ${expected ? "is" : "is not"} the subject's`, () => {
    expect(isLetterOf(row, subject, 1000)).toBe(expected);
  });
}
