import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plainLife, post, requireTaken } from "./life.ts";
import type { Scenario } from "./scenario.ts";

/** Where data directories are made, copied and thrown away. */
export interface Place extends AsyncDisposable {
  /** The data directory of a service that has stored the scenario's history and was stopped. */
  readonly prepared: string;
  /** A copy of a data directory that nobody has open. */
  readonly copy: (of: string) => string;
  readonly remove: (directory: string) => void;
  /** Leaves everything that was not removed where it is, for a person to look at. */
  readonly keep: () => void;
}

export const openPlace = async ({ history }: Scenario): Promise<Place> => {
  const directory = mkdtempSync(join(tmpdir(), "footfall-kill-points-"));
  const prepared = join(directory, "prepared");
  let copies = 0;
  let kept = false;
  const remove = (path: string) => rmSync(path, { recursive: true, force: true });
  const place: Place = {
    prepared,
    copy: (of) => {
      const copy = join(directory, String(++copies));
      const { exitCode, stderr } = Bun.spawnSync(["cp", "-r", of, copy]);
      if (exitCode !== 0) throw new Error(stderr.toString());
      return copy;
    },
    remove,
    keep: () => {
      kept = true;
    },
    [Symbol.asyncDispose]: async () => {
      if (!kept) remove(directory);
    },
  };
  try {
    await plainLife(prepared, async ({ url }) => requireTaken(await post(url, history.body)));
  } catch (error) {
    remove(directory);
    throw error;
  }
  return place;
};
