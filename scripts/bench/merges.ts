import { Effect } from "effect";
import type { ClickHouseShape } from "../../src/store/clickhouse.ts";
import type { ClickHouseError } from "../../src/store/clickhouse-error.ts";

const LOOK_INTERVAL = "100 millis";
/** A merge may follow another after a moment. */
const QUIET_LOOKS = 5;

/** Waits until no merge is under way, at most for so many seconds; whether that is so. */
export const mergesEnded = (
  clickhouse: ClickHouseShape,
  seconds: number,
): Effect.Effect<boolean, ClickHouseError> =>
  Effect.gen(function* () {
    const started = performance.now();
    let quiet = 0;
    while (quiet < QUIET_LOOKS) {
      const [row] = yield* clickhouse.query<{ merges: number }>(
        "SELECT count() AS merges FROM system.merges",
      );
      quiet = row?.merges === 0 ? quiet + 1 : 0;
      if (performance.now() - started > seconds * 1000) return false;
      yield* Effect.sleep(LOOK_INTERVAL);
    }
    return true;
  });
