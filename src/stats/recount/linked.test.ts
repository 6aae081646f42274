import { describe, expect } from "bun:test";
import { Effect } from "effect";
import fc from "fast-check";
import { unlink } from "../../identity/unlinking.ts";
import { keptLong, onSealedDays } from "../../sealing/sample.ts";
import { testEngines } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { verified } from "../../verify/sample.ts";
import type { EventRow } from "./event-row.ts";
import { metricStory } from "./metric-stories.ts";
import { type Unlinked, withPeople } from "./people.ts";
import { expectRecounted, insert, sealSome } from "./testing/sealed-store.ts";

/** Events of some places become what visitors say of themselves. */
const saying = (
  sent: ReadonlyArray<ReadonlyArray<EventRow>>,
  users: ReadonlyArray<string>,
): ReadonlyArray<ReadonlyArray<EventRow>> => {
  let n = 0;
  return sent.map((events) =>
    events.map((event) => {
      const user_id = users[n++ % users.length] ?? "";
      return user_id === "" ? event : { ...event, event_type: "identify", user_id };
    }),
  );
};

const story = metricStory.chain(({ sent, questions }) =>
  fc.record({
    sent: fc
      .array(fc.constantFrom("", "", "", "", "", "a", "b", "é'{x}", "null"), { minLength: 1, maxLength: 40 })
      .map((users) => saying(sent, users)),
    questions: fc.constant(questions),
    undone: fc.array(fc.nat(), { maxLength: 2 }),
    share: fc.constantFrom(1, 2, 3),
  }),
);

describe.each(testEngines)("people on $engine", ({ engine, layer }) => {
  const { it, runtime } = testsOn(onSealedDays(layer(undefined, keptLong)));

  /** Undoes some of the links as somebody who looks at them would. */
  const undo = (project: string, events: ReadonlyArray<EventRow>, which: ReadonlyArray<number>) =>
    Effect.gen(function* () {
      const links = events.filter(
        ({ event_type, user_id, is_bot }) => event_type === "identify" && user_id !== "" && !is_bot,
      );
      const undone: Array<Unlinked> = [];
      for (const number of links.length === 0 ? [] : which) {
        const link = links[number % links.length];
        if (link === undefined) continue;
        const { visitor_id, user_id } = link;
        const visitor = String(visitor_id);
        yield* unlink({ project, user: user_id, visitor });
        undone.push({ visitor_id, user_id, untilMs: Number.POSITIVE_INFINITY });
      }
      return undone;
    });

  it(
    "every metric is what a recount of the events finds when it takes linked visitors for one person",
    () =>
      Effect.gen(function* () {
        let projects = 0;
        const property = fc.asyncProperty(story, ({ sent, questions, undone, share }) =>
          runtime.runPromise(
            Effect.gen(function* () {
              projects += 1;
              const project = `project ${projects}`;
              for (const events of sent) {
                yield* insert(project, events);
                // The same visitors say other things elsewhere.
                const others = events.map((event) => ({ ...event, user_id: "a", event_type: "identify" }));
                yield* insert("another project", others);
                yield* sealSome(project, share);
              }
              const all = sent.flat();
              const people = withPeople(all, yield* undo(project, all, undone));
              yield* expectRecounted(project, people, questions, { people: "linked" });
            }),
          ),
        );
        const numRuns = Number(process.env.RUNS ?? (engine === "embedded" ? 5 : 2));
        yield* Effect.promise(() => fc.assert(property, { numRuns, endOnFailure: true }));
        const { differences } = yield* verified();
        expect(differences).toEqual([]);
      }),
    240_000,
  );
});
