import { Clock, Effect } from "effect";
import { SealedDays } from "../sealing/sealed-days.ts";
import type { Erasure } from "./erasure.ts";
import { erasePerson } from "./steps/erase-person.ts";
import { eraseProject } from "./steps/erase-project.ts";
import { type Job, say } from "./steps/job.ts";
import { prepare } from "./steps/prepare.ts";

const erase = (erasure: Job) =>
  Effect.gen(function* () {
    const sealed = yield* SealedDays;
    const done = yield* sealed.undisturbed(
      erasure.kind === "project" ? eraseProject(erasure) : erasePerson(erasure),
    );
    const erasedAtMs = yield* Clock.currentTimeMillis;
    yield* say(erasure, "no answer knows of it any more");
    return {
      ...erasure,
      state: "removing",
      work: { ...erasure.work, upToBuild: sealed.lastBuild(), deletedAtMs: 0 },
      receipt: { ...erasure.receipt, ...done, erasedAtMs },
    } satisfies Erasure;
  });

/**
 * Takes an erasure that is `waiting` or `erasing` a step further. Either may be cut off at any point and begun again:
 * each finds what it has to do in what is stored, and what is done already is done again without effect. The step after
 * these, `removing`, only looks and waits: `whenGone`.
 */
export const takeStep = (erasure: Job): ReturnType<typeof prepare> | ReturnType<typeof erase> =>
  erasure.state === "waiting" ? prepare(erasure) : erase(erasure);
