import { Clock, Effect } from "effect";
import { UnknownEntry } from "../domain/errors.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import { timeText } from "../store/time-text.ts";
import { findLinks, type Link } from "./identities.ts";

export interface LinkEnds {
  readonly project: string;
  /** As it is stored. */
  readonly user: string;
  /** A number of 64 bits, decimal. */
  readonly visitor: string;
}

type Changed = Effect.Effect<Link, ClickHouseError | UnknownEntry, ClickHouse>;

const found = ({ project, user, visitor }: LinkEnds): Changed =>
  Effect.flatMap(
    findLinks(project, "user_id = {user:String} AND visitor_id = {visitor:UInt64}", { user, visitor }),
    ({ links: [link] }) =>
      link === undefined ? new UnknownEntry({ kind: "link", id: visitor }) : Effect.succeed(link),
  );

const write = (project: string, link: string, unlinkedMs: number) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const nowMs = yield* Clock.currentTimeMillis;
    const [last] = yield* clickhouse.query<{ version: number }>(
      "SELECT max(version) AS version FROM unlinked_identities WHERE project_id = {project:String} AND link = {link:String}",
      { project, link },
    );
    // Above every earlier version, also where the clock was set back.
    const version = Math.max(nowMs, 1 + (last?.version ?? 0));
    yield* clickhouse.insertRows({
      table: "unlinked_identities",
      columns: ["project_id", "link", "unlinked_at", "version"],
      rows: Buffer.from(JSON.stringify([project, link, timeText(unlinkedMs), version])),
      token: `unlinked ${project} ${link} ${version}`,
    });
  });

// Of two changes of one link the second has to see what the first has done.
const turn = Effect.unsafeMakeSemaphore(1).withPermits(1);

/**
 * Undoes a link: the visitor counts as it did before, as the user of an earlier link or for itself. It holds for every
 * identify event that happened up to now, whenever it arrives; a later one links again. Fails where there is no such link.
 */
export const unlink = (ends: LinkEnds): Changed =>
  turn(
    Effect.gen(function* () {
      const { id, lastMs } = yield* found(ends);
      // A sender's clock may have been ahead.
      yield* write(ends.project, id, Math.max(yield* Clock.currentTimeMillis, lastMs));
      return yield* found(ends);
    }),
  );

/** Takes an unlink back, as if it had not been. Fails where there is no such link. */
export const relink = (ends: LinkEnds): Changed =>
  turn(
    Effect.gen(function* () {
      const { id } = yield* found(ends);
      yield* write(ends.project, id, 0);
      return yield* found(ends);
    }),
  );
