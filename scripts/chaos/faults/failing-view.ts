import type { Random } from "../../../src/testing/traffic/random.ts";
import { ask } from "../processes/engine.ts";

/** A further view on `landing` that makes inserts fail after some of the other views have stored their part. */
export interface FailingView {
  readonly name: string;
  /** Fails for one row in so many; with 1 for every row. */
  readonly oneIn: number;
}

const NAMES = ["a_chaos", "landing_to_e_chaos", "landing_to_f_chaos", "z_chaos"];

/** Which of the other views are served before it depends on its name. */
export const drawView = (random: Random): FailingView => ({
  name: NAMES[random.below(NAMES.length)] as string,
  oneIn: [1, 3, 40][random.below(3)] as number,
});

const at = (epochMs: number) => `toDateTime64(${(epochMs / 1000).toFixed(3)}, 3, 'UTC')`;

export const removeViews: ReadonlyArray<string> = [
  ...NAMES.map((name) => `DROP VIEW IF EXISTS ${name} SYNC`),
  "DROP TABLE IF EXISTS chaos_sink SYNC",
];

/**
 * Makes it, in place of any earlier one, through a ClickHouse HTTP interface. It fails from now on for so many
 * milliseconds and then heals by itself: a constraint of its target, so that the error is one that a retry may cure.
 */
export const failFor = async (url: string, { name, oneIn }: FailingView, forMs: number): Promise<void> => {
  for (const sql of removeViews) await ask(url, sql);
  await ask(
    url,
    `CREATE TABLE chaos_sink (event_id String, at DateTime64(3, 'UTC'), CONSTRAINT heals CHECK
       at >= ${at(Date.now() + forMs)} OR cityHash64(event_id) % ${oneIn} != 0) ENGINE = Null`,
  );
  await ask(
    url,
    `CREATE MATERIALIZED VIEW ${name} TO chaos_sink AS SELECT event_id, now64(3, 'UTC') AS at FROM landing`,
  );
};
