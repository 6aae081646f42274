/** A pattern in parts: texts, and between them what may stand there. */
type Part = { readonly text: string } | { readonly crosses: boolean };

const partsOf = (pattern: string): ReadonlyArray<Part> =>
  (pattern.match(/\*+|[^*]+/g) ?? []).map((piece) =>
    piece.startsWith("*") ? { crosses: piece.length > 1 } : { text: piece },
  );

/** Where to go on when the rest does not fit: the part after a star, and how far that star reaches. */
interface Retry {
  readonly part: number;
  at: number;
}

/**
 * Whether a whole path fits a pattern in which `*` stands for any characters but "/", also none, and `**` for any at all.
 *
 * Each star takes as little as it can. The last `*` is lengthened first; a "/" ends that, and then the last `**` is. Stars
 * before it need not be looked at again: whatever they could still take, it can. So no pattern takes more than the square
 * of the path's length, where a regular expression may take any power of it.
 */
export const pathPattern = (pattern: string): ((path: string) => boolean) => {
  const parts = partsOf(pattern);
  return (path) => {
    let part = 0;
    let at = 0;
    let within: Retry | undefined;
    let across: Retry | undefined;
    for (;;) {
      const next = parts[part];
      if (next === undefined && at === path.length) return true;
      if (next !== undefined && "crosses" in next) {
        part++;
        if (next.crosses) {
          across = { part, at };
          within = undefined;
        } else within = { part, at };
        continue;
      }
      if (next !== undefined && path.startsWith(next.text, at)) {
        part++;
        at += next.text.length;
        continue;
      }
      if (within !== undefined && within.at < path.length && path[within.at] !== "/") {
        within.at++;
        ({ part, at } = within);
      } else if (across !== undefined && across.at < path.length) {
        across.at++;
        within = undefined;
        ({ part, at } = across);
      } else return false;
    }
  };
};
