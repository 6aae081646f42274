import { fileURLToPath } from "node:url";

/** The script as it is served. */
export interface TrackerScript {
  readonly code: string;
  /** `code` compressed once with gzip, for clients that accept it. */
  readonly gzip: Uint8Array<ArrayBuffer>;
  readonly gzipBytes: number;
  /** Strong and quoted, ready for the header; changes with the code. */
  readonly etag: string;
}

const bundle = async (): Promise<TrackerScript> => {
  const entry = fileURLToPath(new URL("./tracker.ts", import.meta.url));
  const built = await Bun.build({ entrypoints: [entry], minify: true, format: "iife", target: "browser" });
  const [output] = built.outputs;
  if (!output) throw new Error("the tracking script did not build", { cause: built.logs });
  const code = (await output.text()).trim();
  const gzip = Bun.gzipSync(Buffer.from(code), { level: 9 });
  return { code, gzip, gzipBytes: gzip.byteLength, etag: `"${Bun.hash(code).toString(36)}"` };
};

let script: Promise<TrackerScript> | undefined;

/** Builds the tracking script for `GET /analytics.js`: once per process, later calls share the result. */
export const buildTracker = (): Promise<TrackerScript> => (script ??= bundle());
