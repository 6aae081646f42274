import { expect, setDefaultTimeout, test } from "bun:test";
import { Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { testClickHouseServer } from "../testing/clickhouse.ts";
import { serviceForTests } from "../testing/service/in-process.ts";
import type { RealtimeDocument } from "./document.ts";

setDefaultTimeout(60_000);

const service = serviceForTests({ clickhouse: testClickHouseServer() });

const read = async () => (await service.read<RealtimeDocument>("/v1/stats/realtime")).body;

test("with a ClickHouse server the events that another process took are seen when they are stored", async () => {
  await service.post({ events: [{ event_type: "page_view", visitor_id: "own", page_path: "/own" }] });
  await service.settled();
  expect(await read()).toMatchObject({ activeUsers: 1, pageviewsLast5Min: 1 });
  await service.run(
    Effect.flatMap(ClickHouse, ({ command }) =>
      command(
        `INSERT INTO landing (project_id, event_type, occurred_at, received_at, visitor_id, page_path, channel)
        SELECT 'default', 'page_view', now64(3), now64(3), 1 + number % 3, '/other', 'direct' FROM numbers(7)`,
      ),
    ),
  );
  await service.post({ events: [{ event_type: "page_view", visitor_id: "own", page_path: "/own" }] });
  const deadline = performance.now() + 20_000;
  let now = await read();
  while (now.activeUsers < 4 && performance.now() < deadline) {
    await Bun.sleep(100);
    now = await read();
  }
  expect(now).toMatchObject({
    activeUsers: 4,
    pages: [
      { page: "/other", visitors: 3 },
      { page: "/own", visitors: 1 },
    ],
    exact: true,
  });
  // What was not stored yet when the server was asked for the rest is in it with the next question.
  await service.settled();
  while (now.pageviewsLast5Min < 9 && performance.now() < deadline) {
    await Bun.sleep(100);
    now = await read();
  }
  expect(now.pageviewsLast5Min).toBe(9);
  expect(now.perMinute.reduce((sum, n) => sum + n)).toBe(9);
});
