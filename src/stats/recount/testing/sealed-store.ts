import { expect } from "bun:test";
import { Effect } from "effect";
import { lastBatch, store } from "../../../sealing/sample.ts";
import { sealDay } from "../../../sealing/seal-day.ts";
import { SealedDays } from "../../../sealing/sealed-days.ts";
import { writeFilter } from "../../filters/write.ts";
import type { EventRow } from "../event-row.ts";
import { type MetricQuestion, paramsOf } from "../metric-question.ts";
import { recountQuestion } from "../recount-question.ts";
import { asked } from "./asked.ts";

/** Stores events as one batch of the writer; no events are no batch. */
export const insert = (project: string, events: ReadonlyArray<EventRow>) =>
  events.length === 0 ? Effect.void : store(project, events);

/** Seals every `share`-th open day of a project as the service does it, so that questions meet both kinds. */
export const sealSome = (project: string, share: number) =>
  Effect.gen(function* () {
    const sealed = yield* SealedDays;
    yield* sealed.refresh;
    const open = sealed.open(0, 65_535).filter((day) => day.project === project);
    for (const [index, day] of open.entries()) if (index % share === 0) yield* sealDay(day, lastBatch());
  });

/** Questions about a project are answered, from wherever, as a recount of these events answers them. */
export const expectRecounted = (
  project: string,
  events: ReadonlyArray<EventRow>,
  questions: ReadonlyArray<MetricQuestion>,
  more: Readonly<Record<string, string>> = {},
) =>
  Effect.gen(function* () {
    for (const question of questions) {
      const wanted: unknown = recountQuestion(events, question);
      const context = JSON.stringify(question);
      for (const from of ["decided", "raw"] as const) {
        const params = paramsOf(question, writeFilter);
        for (const [name, value] of Object.entries({ project, ...more })) params.set(name, value);
        const answer: unknown = yield* asked(question.route, params, { from }).pipe(
          Effect.mapError((error) => new Error(`${context}: ${String(error)} ${JSON.stringify(error)}`)),
        );
        expect({ from, context, answer }).toEqual({ from, context, answer: wanted });
      }
    }
  });
