import { Effect, Layer } from "effect";
import { layerDoorkeeper } from "./access/doorkeeper.ts";
import { layerPeople } from "./accounts/layer.ts";
import { AppSettings, layerSettings } from "./config.ts";
import { layerAdminKey } from "./http/admin-key.ts";
import { layerDuplicateIds } from "./ingest/duplicates/duplicate-ids.ts";
import { layerIngest } from "./ingest/ingest.ts";
import { layerVisitors } from "./ingest/visitor.ts";
import { layerMetrics } from "./metrics/metrics.ts";
import { layerErasures } from "./privacy/erasures.ts";
import { layerProjects } from "./projects/projects.ts";
import { layerRealtime } from "./realtime/realtime.ts";
import { layerTraffic } from "./realtime/traffic.ts";
import { layerExpiry } from "./retention/expiry.ts";
import { layerRetention } from "./retention/retention.ts";
import { layerSealingGarbage } from "./sealing/garbage.ts";
import { layerSealedDays } from "./sealing/sealed-days.ts";
import { layerSealer } from "./sealing/sealer.ts";
import { layerSpool } from "./spool/layer.ts";
import { layerReplacedRollups } from "./stats/replaced-rollups.ts";
import { layerEmbedded } from "./store/embedded.ts";
import { migrate, requireMigrated } from "./store/migrator.ts";
import { layerServer } from "./store/server.ts";
import { layerHourlyVerify } from "./verify/hourly-verify.ts";
import { layerWebhookTargets } from "./webhooks/target.ts";
import { layerAnomalyWatch } from "./webhooks/watch.ts";
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

/** The stages of an event's journey on any ClickHouse (read upwards: each stands on those below). */
export const layerStages = Layer.mergeAll(
  layerDoorkeeper.pipe(Layer.provideMerge(layerAdminKey), Layer.provideMerge(layerPeople)),
  layerIngest,
  layerHourlyVerify,
  layerSealer,
  layerSealingGarbage,
  layerErasures,
  layerExpiry,
).pipe(
  Layer.merge(Layer.provideMerge(layerAnomalyWatch, layerWebhookTargets)),
  Layer.provideMerge(layerSealedDays),
  Layer.provideMerge(layerEventWriter),
  // Before the writer: what it stores meanwhile would be neither among the stored rows nor among the waiting ones.
  Layer.provideMerge(Layer.merge(layerDuplicateIds, layerRealtime)),
  Layer.provideMerge(Layer.merge(layerTraffic, Layer.provideMerge(layerRetention, layerProjects))),
  Layer.provideMerge(Layer.mergeAll(layerSpool, layerVisitors, layerReplacedRollups)),
  Layer.provideMerge(layerMetrics),
);

/** Everything behind the routes. */
export const layerServices = layerStages.pipe(
  Layer.provideMerge(layerMigrated),
  Layer.provideMerge(layerClickHouse),
);

/** The whole service, with its settings from the environment. */
export const layerLive = Layer.provideMerge(layerServices, layerSettings);
