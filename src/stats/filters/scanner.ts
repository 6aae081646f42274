import { Either } from "effect";

/** Where a filter's text is wrong: a position in UTF-16 units from 0, and what is wrong as a sentence. */
export interface Fault {
  readonly at: number;
  readonly message: string;
}
export type Parsed<A> = Either.Either<A, Fault>;

export const fault = (at: number, message: string): Parsed<never> => Either.left({ at, message });

/** The marks that end a value; a value that holds one is quoted. */
export const marks = ',;|()"';

const MAXIMUM_SHOWN = 64;

/** A piece of the text as errors quote it. */
export const shown = (text: string): string =>
  `"${text.length > MAXIMUM_SHOWN ? `${text.slice(0, MAXIMUM_SHOWN)}…` : text}"`;

/** Reads a text from left to right. Blanks around what is read do not count. */
export class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skipBlanks();
  }

  /** Where the next thing begins. */
  get at(): number {
    return this.#at;
  }

  /** The next character; undefined at the end. */
  get next(): string | undefined {
    return this.#text[this.#at];
  }

  /** The next character as errors name it. */
  get found(): string {
    if (this.next === undefined) return "the end";
    return this.next === '"'
      ? "a quotation mark"
      : `"${String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0)}"`;
  }

  /** Reads one character if it comes next. */
  take(char: string): boolean {
    if (this.next !== char) return false;
    this.#at += 1;
    this.#skipBlanks();
    return true;
  }

  /** Reads up to one of `stops` or the end; may be empty. */
  word(stops: string): string {
    const start = this.#at;
    while (this.next !== undefined && !stops.includes(this.next)) this.#at += 1;
    return this.#text.slice(start, this.#at).replace(/ +$/, "");
  }

  /** Reads a text in double quotes, in which `\"` and `\\` stand for `"` and `\`. */
  quoted(): Parsed<string> {
    const start = this.#at;
    let value = "";
    for (let at = start + 1; at < this.#text.length; at += 1) {
      const char = this.#text[at];
      if (char === '"') {
        this.#at = at + 1;
        this.#skipBlanks();
        return Either.right(value);
      }
      if (char === "\\") {
        at += 1;
        if (this.#text[at] !== '"' && this.#text[at] !== "\\") {
          return fault(at - 1, 'in quotes a backslash is written \\\\ and a quotation mark \\".');
        }
      }
      value += this.#text[at];
    }
    return fault(start, "this quotation mark is not closed.");
  }

  #skipBlanks(): void {
    while (this.next === " ") this.#at += 1;
  }
}
