import { Effect, Layer } from "effect";
import { AppSettings, layerSettings } from "./config.ts";
import { layerAdminKey } from "./http/admin-key.ts";
import { layerIngest } from "./ingest/ingest.ts";
import { layerEmbedded } from "./store/embedded.ts";
import { migrate, requireMigrated } from "./store/migrator.ts";
import { layerServer } from "./store/server.ts";
import { layerDeadLetters } from "./writer/dead-letters.ts";
import { layerEventQueue } from "./writer/event-queue.ts";
import { layerEventWriter } from "./writer/event-writer.ts";

/** ClickHouse as the settings ask for it: embedded until `CLICKHOUSE_URL` names a server. */
export const layerClickHouse = Layer.unwrapEffect(
  Effect.map(AppSettings, ({ clickhouseUrl }) =>
    clickhouseUrl === undefined ? layerEmbedded : layerServer(clickhouseUrl),
  ),
);

/** The tables as this release needs them: brought up to date, or refused where that is somebody else's decision. */
export const layerMigrated = Layer.effectDiscard(
  Effect.flatMap(AppSettings, (settings) =>
    settings.clickhouseUrl === undefined || settings.autoMigrate ? migrate(settings) : requireMigrated,
  ),
);

/** Everything behind the routes, in the order of an event's journey (read upwards: each stage stands on those below). */
export const layerServices = Layer.mergeAll(layerAdminKey, layerIngest).pipe(
  Layer.provideMerge(layerEventWriter),
  Layer.provideMerge(Layer.mergeAll(layerEventQueue, layerDeadLetters)),
  Layer.provideMerge(layerMigrated),
  Layer.provideMerge(layerClickHouse),
);

/** The whole service, with its settings from the environment. */
export const layerLive = Layer.provideMerge(layerServices, layerSettings);
