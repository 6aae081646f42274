import { expect, test } from "bun:test";
import type { EventInput } from "../../domain/event.ts";
import { draftOf, receivedAt, testContext } from "../../testing/service/ingest-context.ts";
import { putAgent, putEventId, putVisitor } from "./identity.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

const put = (input: Partial<EventInput>, userAgent = "request agent") => {
  const draft = draftOf(input);
  draft.siteId = "example.org";
  draft.occurredAt = receivedAt;
  for (const step of [putEventId, putAgent, putVisitor]) step(draft, testContext({ userAgent }));
  return draft;
};

test("an event keeps its own id and version; one without gets them", () => {
  expect(put({ event_id: "mine", event_version: 7 })).toMatchObject({ eventId: "mine", eventVersion: 7 });
  expect(put({})).toMatchObject({ eventId: "made id", eventVersion: 1 });
  expect(put({ event_id: null, event_version: null })).toMatchObject({ eventId: "made id", eventVersion: 1 });
});

test.each([
  ["the request's agent", {}, FIREFOX, { browser: "Firefox", isBot: false }],
  ["a crawler's request", {}, GOOGLEBOT, { isBot: true }],
  [
    "a person's event sent on by a program",
    { user_agent: FIREFOX },
    "curl/8.5.0",
    { browser: "Firefox", isBot: false },
  ],
  ["a person's event sent on by a crawler", { user_agent: FIREFOX }, GOOGLEBOT, { isBot: false }],
  ["a crawler's event sent on by a program", { user_agent: GOOGLEBOT }, "curl/8.5.0", { isBot: true }],
  ["a program that sends events itself", {}, "curl/8.5.0", { isBot: false }],
  ["an event without an agent in a crawler's request", { user_agent: "" }, GOOGLEBOT, { isBot: false }],
  ["no agent anywhere", {}, "", { isBot: false }],
])("%s", (_, input, userAgent, facts) => {
  expect(put(input, userAgent).agent).toMatchObject(facts);
});

test("the client's id makes the visitor, and without one the day's cookieless rule does", () => {
  const cookieless = `cookieless default example.org 192.0.2.1 request agent ${receivedAt}`;
  expect(put({ visitor_id: "v" }).visitorId).toBe("client default v");
  expect(put({ visitor_id: 5 }).visitorId).toBe("client default 5");
  expect(put({ visitor_id: 0 }).visitorId).toBe("client default 0");
  expect(put({ visitor_id: null }).visitorId).toBe(cookieless);
  expect(put({}).visitorId).toBe(cookieless);
});

test("the agent that an event names itself counts for the cookieless visitor too", () => {
  expect(put({ user_agent: FIREFOX }).visitorId).toContain(FIREFOX);
});

test("a session is the client's or none, a user is kept as named", () => {
  expect(put({ session_id: "s", user_id: "jane" })).toMatchObject({
    sessionId: "session default s",
    userId: "jane",
  });
  expect(put({ user_id: 5 }).userId).toBe("5");
  expect(put({})).toMatchObject({ sessionId: "0", userId: "" });
});
