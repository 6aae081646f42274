import { expect } from "bun:test";
import { ingestBatch } from "../../ingest/pipeline.ts";
import { testContext } from "../../testing/service/ingest-context.ts";
import { RecentTraffic, type Scope, type TrafficLimits, trafficLimits } from "../recent-traffic.ts";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
/** When the clock of `traffic` starts, epoch ms. */
export const begin = Date.parse("2026-11-21T12:00:30.000Z");

/** A memory whose clock is moved by hand, behind the pipeline and its search for duplicates. */
export const traffic = (limits: Partial<TrafficLimits> = {}) => {
  let now = begin;
  const recent = new RecentTraffic(() => now, { ...trafficLimits, ...limits });
  const ids = new Set<string>();
  return {
    recent,
    now: () => now,
    pass: (ms: number) => {
      now += ms;
    },
    take: (events: ReadonlyArray<object>, country = "") => {
      const { sightings, rejections } = ingestBatch(
        { events, sentAt: undefined, hasEscapes: true, mayHoldEmail: true, apiKey: undefined },
        testContext({
          receivedAt: now,
          place: { country, region: "" },
          isNew: (id) => !ids.has(id) && ids.add(id) !== undefined,
        }),
      );
      expect(rejections).toEqual([]);
      recent.record("default", country, sightings);
    },
    read: (scope: Partial<Scope> = {}) => recent.document({ project: "default", sites: undefined, ...scope }),
  };
};
