import { afterAll, beforeAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Context, Effect, Layer, Logger, ManagedRuntime, Redacted } from "effect";
import { buildTracker } from "../../client/tracker/build.ts";
import { AppSettings, type Settings } from "../../config.ts";
import { makeApp, type Services } from "../../http/app.ts";
import { layerStages } from "../../layers.ts";
import { Spool } from "../../spool/spool.ts";
import { ClickHouse, type QueryParams } from "../../store/clickhouse.ts";
import { testClickHouse, testRetention } from "../clickhouse.ts";
import { testSettings } from "../settings.ts";

export const ADMIN_KEY = "the key of the tests";

interface Live {
  readonly url: string;
  readonly dataDir: string;
  readonly services: Context.Context<Services>;
  readonly run: <A, E>(effect: Effect.Effect<A, E, Services>) => Promise<A>;
  readonly stop: () => Promise<void>;
}

export interface InProcessOptions {
  readonly settings?: Partial<Settings>;
  /** The embedded engine unless another layer of the store is to be tested. */
  readonly clickhouse?: Layer.Layer<ClickHouse, unknown>;
  /** What everything stands on, such as another clock. */
  readonly ground?: Layer.Layer<never>;
}

/** A JSON answer and what came with it. */
export interface Answered<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

const open = async (options: InProcessOptions, logs: Array<string>): Promise<Live> => {
  const dataDir = mkdtempSync(join(tmpdir(), "footfall-in-process-"));
  const overrides: Partial<Settings> = {
    dataDir,
    // What is sent is looked for at once.
    flushIntervalMs: 10,
    adminApiKey: Redacted.make(ADMIN_KEY),
    ...options.settings,
  };
  const retention = { ...testRetention, ...options.settings };
  const quiet = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ message, cause }) => void logs.push(Bun.inspect([message, cause]))),
  );
  const layer = layerStages.pipe(
    Layer.provideMerge(options.clickhouse ?? testClickHouse(undefined, retention)),
    Layer.provideMerge(testSettings(overrides)),
    Layer.provideMerge(Layer.merge(quiet, options.ground ?? Layer.empty)),
  );
  const live = ManagedRuntime.make(Layer.orDie(layer));
  const runtime = await live.runtime();
  const settings = Context.get(runtime.context, AppSettings);
  const app = makeApp({
    runtime,
    settings,
    tracker: await buildTracker(),
    stopping: () => false,
  }).listen({ port: 0, hostname: "127.0.0.1" });
  return {
    url: `http://127.0.0.1:${app.server?.port}`,
    dataDir,
    services: runtime.context,
    run: (effect) => live.runPromise(effect),
    stop: async () => {
      await app.server?.stop(true);
      await live.dispose();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};

/**
 * The whole service in the process of the tests, over real connections, on a database of its own. Opened before the
 * first test of the file and closed after the last; call it at the top level of a test file or of a `describe`.
 */
export const serviceForTests = (options: InProcessOptions = {}) => {
  const logs: Array<string> = [];
  let live: Live | undefined;
  beforeAll(async () => {
    live = await open(options, logs);
  });
  afterAll(async () => {
    await live?.stop();
  });
  const opened = (): Live => {
    if (live === undefined) throw new Error("The service runs only while tests do");
    return live;
  };

  const request = async <Body>(path: string, init: RequestInit = {}): Promise<Answered<Body>> => {
    const response = await fetch(`${opened().url}${path}`, init);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === "" ? undefined : JSON.parse(text)) as Body,
    };
  };

  const settled = async (): Promise<void> => {
    const { state } = Context.get(opened().services, Spool);
    const deadline = Date.now() + 10_000;
    while (state().waiting > 0) {
      if (Date.now() > deadline) throw new Error(`never stored: ${logs.join("\n")}`);
      await Bun.sleep(2);
    }
  };

  return {
    /** What the service has logged. */
    logs,
    url: () => opened().url,
    dataDir: () => opened().dataDir,
    run: <A, E>(effect: Effect.Effect<A, E, Services>) => opened().run(effect),
    request,
    /** Posts a body as it is; anything but text and bytes as JSON. */
    post: <Body = { accepted: number; rejected: number; errors?: ReadonlyArray<object> }>(
      body: unknown,
      headers: Record<string, string> = {},
    ) =>
      request<Body>("/v1/events", {
        method: "POST",
        body:
          body instanceof Uint8Array
            ? new Uint8Array(body)
            : typeof body === "string"
              ? body
              : JSON.stringify(body),
        headers,
      }),
    /** Reads with the admin key. */
    read: <Body>(path: string) => request<Body>(path, { headers: { "x-admin-key": ADMIN_KEY } }),
    /** Resolves when everything that was accepted is stored. */
    settled,
    /** Rows of the store, once everything that was accepted is there. */
    rows: async <Row extends object>(sql: string, params?: QueryParams): Promise<ReadonlyArray<Row>> => {
      await settled();
      return opened().run(Effect.flatMap(ClickHouse, (clickhouse) => clickhouse.query<Row>(sql, params)));
    },
  };
};
