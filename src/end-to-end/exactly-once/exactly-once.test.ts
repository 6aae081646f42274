import { afterAll, beforeAll, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect } from "effect";
import fc from "fast-check";
import { AppSettings, type Settings } from "../../config.ts";
import { mmdbFile } from "../../ingest/steps/geo-fixture.ts";
import { testSettings } from "../../testing/settings.ts";
import { commands } from "./commands.ts";
import { liveThrough, worldSettings } from "./course.ts";

const RUNS = 1000;

/** `FOOTFALL_SEED=7 bun test src/end-to-end/exactly-once` lives through other courses of events. */
const seed = Number(process.env.FOOTFALL_SEED ?? 1);

let ground: Settings;
beforeAll(() => {
  const dataDir = mkdtempSync(join(tmpdir(), "footfall-exactly-once-"));
  const geoipDb = join(dataDir, "places.mmdb");
  writeFileSync(geoipDb, mmdbFile("GeoLite2-Country", { "192.0.2.0/24": { country: { iso_code: "DE" } } }));
  ground = Effect.runSync(Effect.provide(AppSettings, testSettings({ dataDir, geoipDb })));
});
afterAll(() => rmSync(ground.dataDir, { recursive: true, force: true }));

test(`an answered event is stored once, whatever happens (${RUNS} courses of events, seed ${seed})`, async () => {
  const property = fc.asyncProperty(worldSettings, commands, (settings, course) =>
    liveThrough(settings, course, ground),
  );
  await fc.assert(property, { numRuns: RUNS, seed });
}, 300_000);
