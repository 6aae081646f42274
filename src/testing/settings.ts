import { ConfigProvider, Effect, Layer } from "effect";
import { AppSettings, type Settings, settings } from "../config.ts";
import { layerInstanceRetention } from "../retention/retention.ts";

// Tests send from one address as fast as they can.
const noRateLimits: Partial<Settings> = { rateLimitPerMinute: 0, rateLimitEventsPerMinute: 0 };

/**
 * The settings' defaults but for rate limits, whatever the environment says, with some of them replaced; and the retention
 * that they give to every project.
 */
export const testSettings = (overrides: Partial<Settings> = {}) =>
  Layer.provideMerge(
    layerInstanceRetention,
    Layer.effect(
      AppSettings,
      Effect.map(
        Effect.withConfigProvider(settings, ConfigProvider.fromMap(new Map())),
        (defaults): Settings => ({ ...defaults, ...noRateLimits, ...overrides }),
      ),
    ),
  );
