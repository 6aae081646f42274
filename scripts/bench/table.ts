/** One line of the result. `ratio` compares two measurements of the same run; the figures are this machine's own. */
export interface Row {
  readonly name: string;
  readonly measured: string;
  readonly against: string;
  readonly ratio: string;
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
};

export const thousands = (n: number): string => `${(n / 1000).toFixed(n < 100_000 ? 1 : 0)} k/s`;

export const printTable = (rows: ReadonlyArray<Row>): void => {
  const lines = [
    ["", "measured", "against", "ratio"],
    ...rows.map(({ name, measured, against, ratio }) => [name, measured, against, ratio]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  for (const [index, line] of lines.entries()) {
    console.log(`| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`);
    if (index === 0) console.log(`|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  }
};
