import { Effect, Layer } from "effect";
import { AppSettings } from "./config.ts";
import { layerEmbedded } from "./store/embedded.ts";
import { layerServer } from "./store/server.ts";

/** ClickHouse as the settings ask for it: embedded until `CLICKHOUSE_URL` names a server. */
export const layerClickHouse = Layer.unwrapEffect(
  Effect.map(AppSettings, ({ clickhouseUrl }) =>
    clickhouseUrl === undefined ? layerEmbedded : layerServer(clickhouseUrl),
  ),
);
