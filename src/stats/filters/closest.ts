/** How many characters have to be put in, taken out, changed or swapped with their neighbour to make `b` of `a`. */
const distance = (a: string, b: string): number => {
  let [before, last] = [[] as ReadonlyArray<number>, Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const least = Math.min(changed, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(isSwap ? Math.min(least, (before[j - 2] ?? 0) + 1) : least);
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
};

/** The name that somebody probably meant, if there is one: at most a third of it is different. */
export const closest = (written: string, names: ReadonlyArray<string>): string | undefined => {
  const word = written.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
  if (word.length > 40) return undefined;
  const [nearest] = names
    .map((name) => ({ name, edits: distance(word, name) }))
    .filter(({ name, edits }) => edits <= Math.max(1, Math.floor(name.length / 3)) && edits < name.length)
    .sort((a, b) => a.edits - b.edits);
  return nearest?.name;
};
