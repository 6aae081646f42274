/** Something that is measured again and again. */
export interface Turn {
  readonly work: () => Promise<unknown>;
  /** Milliseconds of each run; pushed to. */
  readonly times: Array<number>;
}

export interface TurnsOptions {
  readonly runs: number;
  /** What took so long in all, in milliseconds, is not run again; never less than `leastRuns`. */
  readonly mostMs?: number;
  readonly leastRuns?: number;
  readonly onRound?: (round: number) => void;
}

/** Runs all of them one after the other, round by round, so that noise hits all alike. */
export const takeTurns = async (
  turns: ReadonlyArray<Turn>,
  { runs, mostMs = Number.POSITIVE_INFINITY, leastRuns = runs, onRound = () => {} }: TurnsOptions,
): Promise<void> => {
  const spent = new Map<Turn, number>();
  for (let round = 0; round < runs; round++) {
    onRound(round);
    for (const turn of turns) {
      const total = spent.get(turn) ?? 0;
      if (round >= leastRuns && total >= mostMs) continue;
      const started = performance.now();
      await turn.work();
      const took = performance.now() - started;
      turn.times.push(took);
      spent.set(turn, total + took);
    }
  }
};
