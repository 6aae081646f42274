import { afterAll, beforeAll, test } from "bun:test";
import { type Effect, Layer, ManagedRuntime } from "effect";

/**
 * Tests whose body is an effect that runs on one layer: built once before the first test of the file, closed after the
 * last. Call it at the top level of a test file.
 */
export const testsOn = <R, E>(layer: Layer.Layer<R, E>) => {
  const runtime = ManagedRuntime.make(Layer.orDie(layer));
  beforeAll(async () => void (await runtime.runtime()));
  afterAll(() => runtime.dispose());
  return {
    runtime,
    /** `timeoutMs` defaults to the runner's own limit. */
    it: (name: string, body: () => Effect.Effect<unknown, unknown, R>, timeoutMs?: number): void =>
      test(name, async () => void (await runtime.runPromise(body())), timeoutMs),
  };
};
