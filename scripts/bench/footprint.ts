import { buildTracker } from "../../src/client/tracker/build.ts";
import { startService, temporaryDirectory } from "./child.ts";
import { memoryOf } from "./memory.ts";
import type { Row } from "./table.ts";

const batch = JSON.stringify({ events: [{ event_type: "page_view", page_url: "https://example.org/" }] });

const startSeconds = async (dataDir: string) => {
  const started = performance.now();
  const child = await startService({ DATA_DIR: dataDir });
  const response = await fetch(`${child.url}/v1/events`, { method: "POST", body: batch });
  const seconds = (performance.now() - started) / 1000;
  if (response.status !== 200) throw new Error(`the first event was answered ${response.status}`);
  const resident = memoryOf(child.pid, "held");
  await child.stop();
  return { seconds, resident };
};

/** What it takes to have it: start, memory, and the script's size. */
export const footprint = async (): Promise<ReadonlyArray<Row>> => {
  const dataDir = temporaryDirectory();
  const first = await startSeconds(dataDir);
  const second = await startSeconds(dataDir);
  const { gzipBytes } = await buildTracker();
  return [
    {
      name: "start to first accepted event",
      measured: `${second.seconds.toFixed(2)} s`,
      against: `${first.seconds.toFixed(2)} s on an empty directory`,
      ratio: "",
    },
    {
      name: "memory after start",
      measured: `${Math.round(second.resident / 1e6)} MB`,
      against: "",
      ratio: "",
    },
    {
      name: "tracking script",
      measured: `${gzipBytes} B gzip`,
      against: "2048 B",
      ratio: (gzipBytes / 2048).toFixed(2),
    },
  ];
};
