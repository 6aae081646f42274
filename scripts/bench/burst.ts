import type { Child } from "./child.ts";
import { type LoadOptions, load } from "./load.ts";

/** Where the pages of the benchmark's events are. */
const ORIGIN = "https://site0.example";

/** Events answered per second in one burst, as a page sends them. */
export const burst = async (
  { url }: Child,
  bodies: ReadonlyArray<Uint8Array<ArrayBuffer>>,
  { events }: Pick<LoadOptions, "events">,
): Promise<number> => {
  const { accepted, seconds } = await load(`${url}/v1/events`, bodies, {
    events,
    headers: { origin: ORIGIN },
  });
  return accepted / seconds;
};

/** A merge that a burst has left to do would cost the next one. */
const QUIET_MS = 1000;

/** Waits until everything is stored, and a moment more. */
export const drained = async ({ url }: Child): Promise<void> => {
  const queued = async () =>
    ((await (await fetch(`${url}/ready`)).json()) as { readonly queued: number }).queued;
  while ((await queued()) > 0) await Bun.sleep(100);
  await Bun.sleep(QUIET_MS);
};
