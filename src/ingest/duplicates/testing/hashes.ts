/** As many different hashes as are asked for, evenly spread (xorshift). */
export const hashesOf = (seed: number) => {
  let [x, y] = [seed | 1, ~seed];
  return (): readonly [number, number] => {
    for (let n = 0; n < 2; n++) {
      const t = x ^ (x << 11);
      x = y;
      y = y ^ (y >>> 19) ^ t ^ (t >>> 8);
    }
    return [x, y];
  };
};
