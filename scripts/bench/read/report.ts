import { availableParallelism } from "node:os";
import type { Outcome, Table } from "../outcome.ts";
import type { Times } from "../quantile.ts";
import type { Row } from "../table.ts";
import { goalsOf, growthOf } from "./goals.ts";
import type { QuestionResult, SizeResult } from "./result.ts";

const MIB = 1024 ** 2;

const ms = (value: number): string => `${value.toFixed(1)} ms`;
const ratio = (value: Times | undefined, by: Times | undefined): string =>
  value === undefined || by === undefined ? "–" : (value.p95 / by.p95).toFixed(2);

/** 1,500,000 as "1.5 M". */
export const sizeName = (events: number): string =>
  events >= 1_000_000 ? `${Number((events / 1e6).toFixed(2))} M` : `${Number((events / 1000).toFixed(2))} k`;

const questionRow = ({ name, route, sql, raw, rawFailure, statements }: QuestionResult): Row => ({
  name,
  measured: `p95 ${ms(route.p95)} (p50 ${ms(route.p50)})`,
  against: [
    ...(sql === undefined ? [] : [`its SQL ${ms(sql.p95)}${statements > 1 ? ` (${statements})` : ""}`]),
    ...(raw === undefined ? [] : [`raw events ${ms(raw.p95)}`]),
    ...(rawFailure === undefined ? [] : ["raw events: no answer"]),
  ].join("; "),
  ratio: `${ratio(route, sql)}; ${ratio(sql, raw)}`,
});

const sizeTable = ({ events, questions }: SizeResult): Table => ({
  title: `${sizeName(events)} events: p95 of routes, against their own SQL and against the same question to single events`,
  rows: questions.map(questionRow),
});

const sizeLines = ({
  events,
  peakBytes,
  seedSeconds,
  sealing,
  missing,
}: SizeResult): ReadonlyArray<string> => {
  const seeding = seedSeconds === undefined ? "" : `seeded in ${seedSeconds.toFixed(0)} s; `;
  const sealed =
    sealing.days === 0
      ? "every day was sealed before; "
      : `${sealing.days - sealing.open} days of sites sealed in ${sealing.seconds.toFixed(0)} s (peak ${Math.round(sealing.peakBytes / MIB)} MiB)${sealing.open === 0 ? "" : `, ${sealing.open} stay open`}; `;
  return [
    `${sizeName(events)}: ${seeding}${sealed}peak memory of the service ${Math.round(peakBytes / MIB)} MiB`,
    ...(missing.length === 0 ? [] : [`${sizeName(events)}: not asked, no such route: ${missing.join("; ")}`]),
  ];
};

/** Everything that was measured at every size. */
export const reportOf = (sizes: ReadonlyArray<SizeResult>): Outcome => {
  const growth = growthOf(sizes);
  const goals = goalsOf(sizes);
  const names = sizes.map(({ events }) => events).sort((a, b) => a - b);
  const [least, most] = [sizeName(names[0] ?? 0), sizeName(names.at(-1) ?? 0)];
  const growthTable: Table = {
    title: `Growth of rollup-served routes from ${least} to ${most} events, p95 (ratio: p95; p50)`,
    rows: growth.map(({ name, smallest, largest, p50, p95 }) => ({
      name,
      measured: ms(largest.route.p95),
      against: ms(smallest.route.p95),
      ratio: `${p95.toFixed(2)}; ${p50.toFixed(2)}`,
    })),
  };
  return {
    tables: [...sizes.map(sizeTable), ...(growth.length === 0 ? [] : [growthTable])],
    lines: [
      ...sizes.flatMap(sizeLines),
      "",
      `Goals at ${most} events, on ${availableParallelism()} cores here:`,
      ...goals.map(({ goal, met, measured }) => `${met ? "met    " : "NOT MET"}  ${goal}: ${measured}`),
    ],
    details: { sizes, growth: growth.map(({ name, p50, p95 }) => ({ name, p50, p95 })), goals },
  };
};
