import { ConfigProvider, Effect, Layer } from "effect";
import { AppSettings, type Settings, settings } from "../config.ts";

/** The settings' defaults, whatever the environment says, with some of them replaced. */
export const testSettings = (overrides: Partial<Settings> = {}) =>
  Layer.effect(
    AppSettings,
    Effect.map(
      Effect.withConfigProvider(settings, ConfigProvider.fromMap(new Map())),
      (defaults): Settings => ({ ...defaults, ...overrides }),
    ),
  );
