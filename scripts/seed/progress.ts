const LINE_INTERVAL_MS = 3_000;

export const grouped = (n: number): string => Math.round(n).toLocaleString("en-US");
export const plural = (n: number, word: string): string => `${grouped(n)} ${word}${n === 1 ? "" : "s"}`;
export const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** A bar that is drawn over on a terminal, a line now and then elsewhere. */
export const makeProgress = (total: number) => {
  const startedAt = performance.now();
  let shownAt = startedAt;
  return {
    seconds: () => (performance.now() - startedAt) / 1000,
    show: (done: number) => {
      const now = performance.now();
      const rate = (done / (now - startedAt)) * 1000;
      const left = rate === 0 ? 0 : Math.ceil((total - done) / rate);
      const eta = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      const text = `${grouped(done)} of ${grouped(total)}  ${grouped(rate)}/s  ETA ${eta}`;
      const percent = `${String(Math.floor((done / total) * 100)).padStart(3)} %`;
      if (process.stdout.isTTY) {
        const full = Math.floor((done / total) * 30);
        process.stdout.write(`\r\x1b[K${"█".repeat(full)}${"░".repeat(30 - full)} ${percent}  ${text}`);
      } else if (now - shownAt >= LINE_INTERVAL_MS && done < total) {
        shownAt = now;
        console.log(`${percent}  ${text}`);
      }
    },
    end: () => {
      if (process.stdout.isTTY) process.stdout.write("\n");
    },
  };
};
