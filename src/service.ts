import { Cause, Context, Effect, Exit, ManagedRuntime } from "effect";
import { Accounts } from "./accounts/people/accounts.ts";
import { buildTracker } from "./client/tracker/build.ts";
import { AppSettings, describeFailure, settingDescriptions } from "./config.ts";
import { AdminKey } from "./http/admin-key.ts";
import { makeApp, type Services } from "./http/app.ts";
import { layerLive } from "./layers.ts";
import { Realtime } from "./realtime/realtime.ts";

/** After so long a stop is forced, whatever still waits. Longer than the writer's own deadline. */
const STOP_DEADLINE_MS = 30_000;

/** Requests under way get so long to end before their connections are closed. */
const REQUESTS_DEADLINE_MS = 5_000;

const usage = () =>
  [
    "Footfall: self-hosted, privacy-first analytics in one process.",
    "",
    "  bun start                start the service",
    "  bun run migrate          apply migrations    (--status lists them)",
    "  bun run seed             fill a data directory with believable traffic    (--help)",
    "  bun run verify           compare rollups and sealed days with the raw events    (--repair rebuilds what differs)",
    "  bun run dead-letters     list, retry or drop events that could not be stored",
    "  bun run bench            measure it on this machine    (--help)",
    "",
    "Settings, from the environment or a .env file:",
    "",
    ...settingDescriptions.map(
      ({ name, defaultText, description }) => `  ${name.padEnd(30)}${description} [${defaultText}]`,
    ),
  ].join("\n");

const fail = (message: string): never => {
  console.error(message);
  process.exit(1);
};

const addressOf = (host: string, port: number) =>
  `http://${host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host}:${port}`;

/** Runs the service until it is told to stop by SIGTERM or SIGINT. */
export const startService = async (): Promise<void> => {
  if (process.argv.includes("--help")) {
    console.log(usage());
    return;
  }
  const startedAt = performance.now();
  const live = ManagedRuntime.make(layerLive);
  // Layers are lazy: whatever is wrong shows here, before anything listens.
  const [services, tracker] = await Promise.all([
    live.runPromiseExit(Effect.all([Effect.runtime<Services>(), AppSettings, AdminKey, Accounts])),
    buildTracker(),
  ]);
  if (Exit.isFailure(services)) return fail(describeFailure(Cause.squash(services.cause)));
  const [runtime, settings, adminKey, accounts] = services.value;

  let stopping = false;
  let app: ReturnType<typeof makeApp>;
  try {
    app = makeApp({ runtime, settings, tracker, stopping: () => stopping });
  } catch (error) {
    await live.dispose();
    return fail(describeFailure(error));
  }
  try {
    app.listen({ port: settings.port, hostname: settings.host });
  } catch (error) {
    await live.dispose();
    return fail(`Cannot listen on ${settings.host}:${settings.port}: ${describeFailure(error)}`);
  }

  const stop = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    console.log(`${signal}: answering what is under way and storing what was answered …`);
    setTimeout(() => fail("Stopping took too long; giving up."), STOP_DEADLINE_MS).unref();
    // First nothing new comes in, then what came in is stored, then the engine closes.
    const server = app.server;
    Context.get(runtime.context, Realtime).readers.end();
    await Promise.race([server?.stop(), Bun.sleep(REQUESTS_DEADLINE_MS)]);
    void server?.stop(true);
    await live.dispose();
    console.log("Stopped.");
    process.exit(0);
  };
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGINT", () => void stop("SIGINT"));

  const setUpToken = accounts.renewSetUpToken();
  const address = addressOf(settings.host, app.server?.port ?? settings.port);
  console.log(
    [
      `Footfall is ready after ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`,
      "",
      `  Demo page   ${address}/demo`,
      `  API docs    ${address}/docs`,
      `  Admin key   ${adminKey.place}`,
      ...(setUpToken === undefined ? [] : [`  Set up      ${address}/setup#token=${setUpToken}`]),
      `  ClickHouse  ${settings.clickhouseUrl === undefined ? `embedded in ${settings.dataDir}/clickhouse` : "server"}`,
      "",
    ].join("\n"),
  );
};
