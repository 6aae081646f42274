import type { Journal } from "./clients/journal.ts";
import type { Effects } from "./effects.ts";
import type { NetworkFault } from "./faults/network.ts";
import type { EngineKind } from "./plan.ts";
import type { UnexpectedEnd } from "./processes/service.ts";
import type { Difference, Verdict } from "./verdict/verdict.ts";

/** Something that was made to go wrong: when (milliseconds since the run began) and in which life of the service. */
export interface Injection {
  readonly at: number;
  readonly generation: number;
  readonly kind: string;
  readonly detail: string;
}

/** All that a run did and found. */
export interface ChaosReport {
  readonly engine: EngineKind;
  readonly seed: number;
  readonly cycles: number;
  readonly seconds: number;
  readonly journal: Journal;
  readonly injections: ReadonlyArray<Injection>;
  readonly effects: Effects;
  /** The last comparison; undefined when the run ended before one. */
  readonly verdict: Verdict | undefined;
  /** What kept the run from its end, or a healthy service from answering, storing or stopping. */
  readonly troubles: ReadonlyArray<string>;
  readonly failedStarts: number;
  readonly unexpectedEnds: ReadonlyArray<UnexpectedEnd>;
  readonly noDisk: string | undefined;
  readonly failed: boolean;
  /** Where data, logs and findings are kept, if something was found. */
  readonly keptIn?: string | undefined;
}

const AROUND_MS = 2500;

const second = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

const historyOf = ({ journal, injections }: ChaosReport, number: number): string => {
  const { sends, firstSentAt, lastSentAt, answers, answeredAt, sentTo, answeredBy } = journal.history(number);
  const until = answers > 0 ? answeredAt : lastSentAt;
  const around = injections
    .filter(({ at }) => at > firstSentAt - AROUND_MS && at < until + AROUND_MS)
    .map(({ at, generation, kind, detail }) => `\n      ${second(at)} life ${generation} ${kind}: ${detail}`);
  return `sent ${sends}× from ${second(firstSentAt)} (life ${sentTo}) to ${second(lastSentAt)}; ${
    answers === 0
      ? "never answered"
      : `answered ${answers}×, first at ${second(answeredAt)} by life ${answeredBy}`
  }${around.join("")}`;
};

const differenceText = ({ table, expected, found, batches }: Difference): string =>
  `${table} [${expected.key}]: is ${found.sums.join("/")} (${found.visitors} visitors, ${found.sessions} sessions), its events make ${expected.sums.join("/")} (${expected.visitors}, ${expected.sessions})${batches.length === 0 ? "" : `; batches of that size: ${batches.join(", ")}`}`;

// Many buckets differ when one batch does: the batch that most of them name is the likely one.
const suspectsOf = (differences: ReadonlyArray<Difference>): ReadonlyArray<string> => {
  const votes = new Map<string, number>();
  for (const { table, expected, batches } of differences) {
    const month = /\d{4}-\d{2}/.exec(expected.key)?.[0] ?? "";
    for (const batch of batches) {
      const place = `batch ${batch} in ${table} ${month}`;
      votes.set(place, (votes.get(place) ?? 0) + 1);
    }
  }
  return [...votes].sort((a, b) => b[1] - a[1]).map(([place, count]) => `${place} (${count} buckets)`);
};

/** What was found, the first `most` of each kind with its history. */
export const describeFindings = (report: ChaosReport, most = 5): string => {
  const { verdict, troubles, unexpectedEnds } = report;
  const lines = troubles.map((trouble) => `TROUBLE ${trouble}`);
  lines.push(...unexpectedEnds.map(({ generation, how }) => `life ${generation} ended by itself: ${how}`));
  if (verdict !== undefined) {
    const { lost, doubled, wrong, strangers, differences } = verdict;
    for (const number of lost.slice(0, most))
      lines.push(`LOST event ${number}: ${historyOf(report, number)}`);
    for (const { number, times, batches } of doubled.slice(0, most)) {
      lines.push(
        `${times}× STORED event ${number}, in batches ${batches.join(", ")}: ${historyOf(report, number)}`,
      );
    }
    for (const { number, what } of wrong.slice(0, most)) {
      lines.push(`WRONG event ${number}: ${what}; ${historyOf(report, number)}`);
    }
    for (const id of strangers.slice(0, most)) lines.push(`NEVER SENT but stored: ${id}`);
    for (const difference of differences.slice(0, most)) lines.push(`ROLLUP ${differenceText(difference)}`);
    const suspects = suspectsOf(differences).slice(0, most);
    if (suspects.length > 0) lines.push(`Likely: ${suspects.join("; ")}`);
  }
  return lines.join("\n");
};

const metBy = (effects: Effects, kind: string): string => {
  if (kind in effects.met) return `, met ${effects.met[kind as NetworkFault]} statements`;
  switch (kind) {
    case "disk_full":
      return `, failed ${effects.commitsWithoutSpace} commits, ${effects.insertsWithoutSpace} inserts`;
    case "failing_view":
      return `, failed ${effects.failedInView} inserts`;
    default:
      return "";
  }
};

/** The table at the end of a run. */
export const summary = (report: ChaosReport): string => {
  const { verdict, journal, injections, effects, engine, cycles, seconds } = report;
  const { tally } = journal;
  const kinds = new Map<string, number>();
  for (const { kind } of injections) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const found = (count: (verdict: Verdict) => number) =>
    verdict === undefined ? "not compared" : count(verdict);
  const rows: ReadonlyArray<readonly [string, string | number]> = [
    ["engine", engine],
    ["cycles", `${cycles} in ${Math.round(seconds)} s`],
    ["injections", injections.length],
    ...[...kinds].sort().map(([kind, count]) => [`  ${kind}`, `${count}${metBy(effects, kind)}`] as const),
    ["batches of unknown fate", Object.values(effects.recovered).reduce((sum, count) => sum + count, 0)],
    ["  had arrived", effects.recovered.arrived],
    ["  completed", effects.recovered.completed],
    ["  sent again", effects.recovered.sent_again],
    ["inserts that failed", Object.values(effects.failedInserts).reduce((sum, count) => sum + count, 0)],
    ["requests", tally.requests],
    ["  answered 200", tally.answered],
    ["  refused, 503 or 429", tally.refused],
    ["  without an answer", tally.unanswered],
    ["  given up", tally.abandoned],
    ...[...tally.unexpected].map(([what, count]) => [`  unexpected: ${what}`, count] as const),
    ["events sent", journal.events],
    ["events answered", journal.answeredEvents],
    ["lost", found(({ lost }) => lost.length)],
    ["duplicated", found(({ doubled }) => doubled.length)],
    ["stored with other content", found(({ wrong }) => wrong.length)],
    ["stored but never sent", found(({ strangers }) => strangers.length)],
    ["rollup differences", found(({ differences }) => differences.length)],
    ["unanswered but stored (allowed)", found(({ unansweredStored }) => unansweredStored)],
    ["unanswered, not stored", found(({ unansweredNotStored }) => unansweredNotStored)],
    ["duplicates reported", tally.duplicatesReported],
    ["  answers that misreport them", tally.duplicatesMisreported],
    ["starts that ended by themselves", report.failedStarts],
    ["ends that nobody asked for", report.unexpectedEnds.length],
    ...(report.noDisk === undefined ? [] : [["no full disk", report.noDisk] as const]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const value = Math.max(...rows.map(([, text]) => String(text).length));
  return [
    `| ${"".padEnd(width)} | ${"".padEnd(value)} |`,
    `|${"-".repeat(width + 2)}|${"-".repeat(value + 2)}|`,
    ...rows.map(([name, text]) => `| ${name.padEnd(width)} | ${String(text).padEnd(value)} |`),
  ].join("\n");
};
