import { readdirSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import type { Call } from "./call-watch.ts";

/** Says which file, or which table's files, a call of a service on `dataDir` or a copy of it is about. */
export const concerns = (dataDir: string): ((call: Call) => string) => {
  const links = join(dataDir, "clickhouse/data/analytics");
  const tables = new Map(
    readdirSync(links).map((table) => [basename(readlinkSync(join(links, table))), table]),
  );
  return ({ path }) => {
    const [, name] = /\/spool\/?([^/]*)$/.exec(path) ?? [];
    if (name !== undefined) return name === "" ? "spool" : name.endsWith(".log") ? "segment" : "ledger";
    const [, id = ""] = /\/store\/[^/]+\/([^/]+)/.exec(path) ?? [];
    return tables.get(id) ?? "other";
  };
};

/** Whether a call is about the log of committed events or the ledger. */
export const isOfSpool = ({ path }: Call): boolean => /\/spool(\/|$)/.test(path);

/** The call without what differs from copy to copy. */
export const callText = ({ kind, path, to }: Call): string => {
  const short = (text: string) =>
    text.replace(/^.*?\/(?=spool|clickhouse)/, "").replace(/(store\/[^/]+\/[^/-]+)-[^/]+/, "$1…");
  return `${kind} ${short(path)}${to === undefined ? "" : ` → ${basename(to)}`}`;
};
