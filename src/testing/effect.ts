import { afterAll, beforeAll, test } from "bun:test";
import { type Effect, Layer, ManagedRuntime } from "effect";

/** An engine starts in a second or two, unless the machine is busy with something else. */
const START_TIMEOUT_MS = 60_000;

/**
 * Tests whose body is an effect that runs on one layer: built once before the first test of the file, closed after the
 * last. Call it at the top level of a test file.
 */
export const testsOn = <R, E>(layer: Layer.Layer<R, E>) => {
  const runtime = ManagedRuntime.make(Layer.orDie(layer));
  beforeAll(async () => void (await runtime.runtime()), START_TIMEOUT_MS);
  afterAll(() => runtime.dispose());
  return {
    runtime,
    /** `timeoutMs` defaults to the runner's own limit. */
    it: (name: string, body: () => Effect.Effect<unknown, unknown, R>, timeoutMs?: number): void =>
      test(name, async () => void (await runtime.runPromise(body())), timeoutMs),
  };
};
