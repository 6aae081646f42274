import type { Call } from "./call-watch.ts";
import { type KillPoint, plainLife, post, watchedLife } from "./life.ts";
import type { Place } from "./place.ts";
import type { Scenario } from "./scenario.ts";
import type { Stage, StageSetup } from "./stages.ts";
import { differencesFrom, readTables, sameTables } from "./verdict.ts";

/** What the start after the kill found of the batch, by its own account. */
export type Finding =
  /** No batch was under way: it was not begun, or known to be stored. */
  | "no open batch"
  /** Nothing of it was in ClickHouse. */
  | "sent_again"
  /** Some of its slices were. */
  | "completed"
  /** All of them were. */
  | "arrived";

export interface Trial {
  readonly stage: Stage;
  readonly killPoint: KillPoint;
  /** The call that was not made any more; undefined when there were fewer calls this time. */
  readonly call: Call | undefined;
  readonly answered: boolean;
  readonly finding: Finding;
  /** Not answered, and there after the start: allowed. */
  readonly storedUnanswered: boolean;
  /** Empty when the promise was kept. */
  readonly differences: ReadonlyArray<string>;
}

export interface TrialOptions {
  readonly scenario: Scenario;
  readonly place: Place;
  readonly setup: StageSetup;
  readonly killPoint: KillPoint;
}

const findingOf = async (url: string): Promise<Finding> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  const [, action] = /recovery_actions_total\{action="(\w+)"\} [1-9]/.exec(text) ?? [];
  return (action as Finding | undefined) ?? "no open batch";
};

/**
 * Lets the service be killed at one point, starts it again twice, and compares what lies in the tables with what has to.
 * Where the request was not answered the client sends it again. Throws when the service does not start or stop.
 */
export const tryKillPoint = async ({ scenario, place, setup, killPoint }: TrialOptions): Promise<Trial> => {
  const { stage, from, earlier, batch, stored } = setup;
  const wounded = place.copy(from);
  const life = await watchedLife({
    dataDir: wounded,
    earlier: earlier?.body,
    request: batch?.body,
    killPoint,
  });
  const unanswered = life.answered ? undefined : batch;
  // The wounded directory stays as it was, should somebody want to look at it.
  const healed = place.copy(wounded);
  const differences: Array<string> = [];
  let storedUnanswered = false;
  const finding = await plainLife(healed, async ({ url, output }) => {
    // A kill leaves what was never written to its end, and nothing that was and cannot be read.
    if (/damaged/i.test(output())) differences.push(`took its files for damaged: ${output()}`);
    const found = await findingOf(url);
    if (unanswered !== undefined) {
      const again = await post(url, unanswered.body);
      const duplicates = again?.body.duplicates ?? 0;
      storedUnanswered = duplicates > 0;
      if (again?.status !== 200) differences.push(`sent again: ${JSON.stringify(again)}`);
      if (duplicates !== 0 && duplicates !== unanswered.numbers.length) {
        differences.push(`taken in part: ${duplicates} of ${unanswered.numbers.length} events`);
      }
    }
    return found;
  });
  const first = await readTables(healed);
  differences.push(...(await differencesFrom(scenario.events, stored, first)));
  await plainLife(healed, async () => {});
  if (!sameTables(first, await readTables(healed))) differences.push("the second start changed the tables");
  if (differences.length === 0) {
    place.remove(wounded);
    place.remove(healed);
  }
  return {
    stage,
    killPoint,
    call: life.killed ? life.calls.at(-1) : undefined,
    answered: unanswered === undefined,
    finding,
    storedUnanswered,
    differences: differences.map((text) => `${text} (${wounded}, ${healed})`),
  };
};
