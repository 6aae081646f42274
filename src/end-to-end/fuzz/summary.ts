import type { FuzzReport } from "./fuzz.ts";

const MIB = 1024 * 1024;

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

const sum = (counts: Iterable<number>): number => [...counts].reduce((a, b) => a + b, 0);

const allResults = (report: FuzzReport): ReadonlyMap<string, number> => {
  const all = new Map<string, number>();
  for (const results of report.byKind.values()) {
    for (const [result, count] of results) all.set(result, (all.get(result) ?? 0) + count);
  }
  return all;
};

const listed = (results: ReadonlyMap<string, number>): string =>
  [...results]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([result, count]) => `${result}: ${count}`)
    .join(", ");

/** What a run found, for people: bodies by kind and by what became of them, time, memory, and the account of events. */
export const describeRun = (report: FuzzReport): string => {
  const { bodies, seed, seconds, slowest, memory, events, byKind } = report;
  const mib = (bytes: number) => `${Math.round(bytes / MIB)} MiB`;
  const kinds = [...byKind]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([kind, results]) => [kind, String(sum(results.values())), listed(results)]);
  return [
    table(kinds),
    "",
    `bodies    ${bodies}, seed ${seed}, ${Math.round(seconds)} s, ${Math.round(bodies / seconds)}/s`,
    `answers   ${listed(allResults(report))}`,
    `slowest   ${slowest.ms.toFixed(1)} ms, case ${slowest.number} (${slowest.kind})`,
    `memory    start ${mib(memory.start)}, middle ${mib(memory.middle)}, end ${mib(memory.end)}, most ${mib(memory.most)}`,
    `events    ${events.stored} stored = ${events.answered} answered as accepted + ${events.open} of requests that hung up`,
    `findings  ${report.findings.length}`,
  ].join("\n");
};
