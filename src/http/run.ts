import { Cause, Effect, Exit, Option, Runtime } from "effect";
import { type HttpFailure, internalProblem, problemResponse } from "./problem.ts";

/**
 * Runs the one effect of a request and answers with its value, or with the problem its failure stands for. A defect is
 * logged and answered as an internal error. `signal` is the request's: a client that goes away interrupts its query.
 */
export type Run<R> = <A>(
  effect: Effect.Effect<A, HttpFailure, R>,
  signal?: AbortSignal,
) => Promise<A | Response>;

export const makeRun =
  <R>(runtime: Runtime.Runtime<R>): Run<R> =>
  async (effect, signal) => {
    const exit = await Runtime.runPromiseExit(runtime, effect, signal === undefined ? undefined : { signal });
    if (Exit.isSuccess(exit)) return exit.value;
    const failure = Cause.failureOption(exit.cause);
    if (Option.isSome(failure)) {
      // A wrong pattern is the caller's, who is told.
      if (failure.value._tag === "ClickHouseError" && failure.value.failure !== "bad_pattern") {
        Runtime.runFork(runtime, Effect.logWarning(`ClickHouse: ${failure.value.message}`));
      }
      return problemResponse(failure.value);
    }
    if (!Cause.isInterruptedOnly(exit.cause)) {
      Runtime.runFork(runtime, Effect.logError("A request ended in a defect", exit.cause));
    }
    return internalProblem();
  };
