import { expect, test } from "bun:test";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";
import { personKinds } from "./subject.ts";
import { askedOf } from "./testing/asking.ts";
import { crowd, person, type SentEvent } from "./testing/crowd.ts";

const service = serviceForTests();
const { request, makeProject, send } = askedOf(service.url, () => ADMIN_KEY);

interface Line {
  readonly person?: object;
  readonly event?: { readonly event_id: string; readonly user_id: string; readonly properties: object };
  readonly end?: { readonly rows: Readonly<Record<string, number>>; readonly waiting: number };
}

const events = crowd(5, 700, Date.now());

const exported = (body: object) =>
  request("/v1/privacy/export", { method: "POST", body: JSON.stringify(body) });

test("a person is given every event of theirs as it was sent, and nobody else's", async () => {
  const [project, other] = [await makeProject("one"), await makeProject("two")];
  await send(project, events);
  await send(other, events);
  for (const kind of personKinds) {
    const { status, text } = await exported({ project: project.id, [kind]: person[kind] });
    expect(status).toBe(200);
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    expect(lines[0]).toMatchObject({ person: { project: project.id, named_by: kind } });
    const own = events.filter((event) => event[kind] === person[kind]);
    const found = lines.flatMap(({ event }) => event ?? []);
    const idOf = ({ event_id }: { readonly event_id: string }) => event_id;
    expect(found.map(idOf).toSorted()).toEqual(own.map(idOf).toSorted());
    const sent = new Map(own.map((event): [string, SentEvent] => [event.event_id, event]));
    for (const { event_id, user_id, properties } of found) {
      expect(properties).toEqual(sent.get(event_id)?.properties ?? {});
      expect(user_id).toBe(sent.get(event_id)?.user_id ?? "");
    }
    expect(lines.at(-1)).toMatchObject({
      end: { rows: { events: own.length, dead_letters: 0 }, waiting: 0 },
    });
  }
});

test("who names nobody, or two, is told so", async () => {
  for (const body of [
    {},
    { user_id: "a", visitor_id: "b" },
    { user_id: "" },
    { user_id: {} },
    { name: "x" },
  ]) {
    expect((await exported(body)).status).toBe(400);
  }
  const { text } = await exported({ user_id: "nobody ever" });
  expect(text.trimEnd().split("\n")).toHaveLength(2);
});
