import { expect, test } from "bun:test";
import { nested } from "../../testing/service/ingest-context.ts";
import { withoutEmails } from "./without-emails.ts";

const hash = (text: string) => `hash of ${text.length}`;
const email = "jane.doe@mail.example";
const of = (input: object) => withoutEmails({ event_type: "page_view", ...input }, hash);

test("titles, short texts, and names and values of properties are masked, however deep", () => {
  expect(
    of({
      page_title: `Inbox of ${email} (3)`,
      language: email,
      properties: { to: [`<${email}>`, 7, null, { [email]: "jane%40mail.example" }], plain: "a @ b" },
    }),
  ).toMatchObject({
    page_title: "Inbox of [email] (3)",
    language: "[email]",
    properties: { to: ["<[email]>", 7, null, { "[email]": "[email]" }], plain: "a @ b" },
  });
});

test("the ids of events and users are hashed, for they have to differ; others stay as they are", () => {
  expect(of({ event_id: email, user_id: `x ${email}` })).toMatchObject({
    event_id: "hash of 21",
    user_id: "hash of 23",
  });
  expect(of({ event_id: "a@b", user_id: 5 })).toMatchObject({ event_id: "a@b", user_id: 5 });
});

test("a property is a property, whatever its name is", () => {
  const { properties } = of({ properties: JSON.parse(`{"__proto__":{"a":"${email}"}}`) });
  expect(JSON.stringify(properties)).toBe('{"__proto__":{"a":"[email]"}}');
});

test("what is nested too deep is left to be rejected", () => {
  const properties = nested(5000);
  expect(() => of({ properties })).not.toThrow();
});
