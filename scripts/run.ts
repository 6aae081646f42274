import { Cause, Effect, Exit, Layer } from "effect";
import { type AppSettings, describeFailure, layerSettings } from "../src/config.ts";
import { layerClickHouse } from "../src/layers.ts";
import type { ClickHouse } from "../src/store/clickhouse.ts";

/** Runs a command-line script on the configured ClickHouse. A failure is one line on stderr and exit status 1. */
export const runScript = async (
  script: Effect.Effect<void, unknown, ClickHouse | AppSettings>,
): Promise<never> => {
  const exit = await Effect.runPromiseExit(
    Effect.provide(script, layerClickHouse.pipe(Layer.provideMerge(layerSettings))),
  );
  if (Exit.isFailure(exit)) console.error(describeFailure(Cause.squash(exit.cause)));
  process.exit(Exit.isSuccess(exit) ? 0 : 1);
};
