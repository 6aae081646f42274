// A class of characters by name is hundreds of ranges of bytes.
const NAMED_CLASS = 3;

interface Weight {
  /** With plain characters, which count where they can be repeated or left out. */
  readonly whole: number;
  readonly own: number;
}

const none: Weight = { whole: 0, own: 0 };
const plain: Weight = { whole: 1, own: 0 };
const classOf = (text: string): Weight => {
  const weight = /\\[pP]|\[:/.test(text) ? NAMED_CLASS : 1;
  return { whole: weight, own: weight };
};
const sum = (a: Weight, b: Weight): Weight => ({ whole: a.whole + b.whole, own: a.own + b.own });
const repeated = ({ whole }: Weight, times: number): Weight => ({ whole: whole * times, own: whole * times });

// A quoted stretch, a class with a name or by its number, an escape, a class in brackets, the start of a group and
// what it says about itself, an end of one, what is no character, a repetition, any other character.
const token =
  /\\Q(?<verbatim>.*?)(?:\\E|$)|(?<set>\\[pP](?:\{[^}]*\}|.)|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\.|\\[dDwWsSC])|(?<one>\\x\{[^}]*\}|\\.)|(?<open>\((?:\?(?:P?<\w+>|[a-zA-Z-]*:|[a-zA-Z-]*(?=\))))?)|(?<close>\))|(?<mark>[|^$])|(?<times>[*+?]|\{(?<least>\d+)(?<open_end>,(?<most>\d*))?\})|./gsu;

/**
 * How many places of itself a regular expression can be at, at once: what a byte of text can cost at most, about 25 ns
 * each. RE2 takes time in proportion to it, but `.{1000}` is a thousand places and 25 µs for every byte of a long text,
 * and the engine looks at the clock only between blocks of rows: at a hundred places a read ends some seconds after its
 * time, at a thousand minutes after it. Plain characters cost next to nothing.
 */
export const patternWeight = (pattern: string): number => {
  const outer: Array<Weight> = [];
  let [total, last] = [none, none];
  for (const { groups = {} } of pattern.matchAll(token)) {
    if (groups.times !== undefined) {
      const most = groups.most === "" ? Number(groups.least) + 1 : Number(groups.most ?? groups.least ?? 1);
      last = repeated(last, Math.max(1, most));
      continue;
    }
    total = sum(total, last);
    last = none;
    if (groups.open !== undefined) {
      outer.push(total);
      total = none;
    } else if (groups.close !== undefined) {
      last = total;
      total = outer.pop() ?? none;
    } else if (groups.set !== undefined) last = classOf(groups.set);
    else if (groups.verbatim !== undefined) last = { whole: groups.verbatim.length, own: 0 };
    else if (groups.mark === undefined) last = plain;
  }
  return outer.reduce(sum, sum(total, last)).own;
};

/** Whether a pattern ends in a backslash that escapes nothing, which the engine lets pass as a text of its own. */
export const endsInBackslash = (pattern: string): boolean => /(?:^|[^\\])(?:\\\\)*\\$/.test(pattern);
