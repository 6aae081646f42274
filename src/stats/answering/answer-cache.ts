/** Memory of kept answers, in characters of their JSON. */
const MOST_CHARACTERS = 32 * 1024 * 1024;
/** Larger ones are asked again. */
const LARGEST_ANSWER = 1024 * 1024;

/** The last answers to questions about closed periods, by their ETag; the one that was not asked for longest goes first. */
export class AnswerCache {
  readonly #answers = new Map<string, string>();
  #characters = 0;

  get(tag: string): string | undefined {
    const answer = this.#answers.get(tag);
    if (answer === undefined) return undefined;
    this.#answers.delete(tag);
    this.#answers.set(tag, answer);
    return answer;
  }

  set(tag: string, answer: string): void {
    if (answer.length > LARGEST_ANSWER || this.#answers.has(tag)) return;
    this.#answers.set(tag, answer);
    this.#characters += answer.length;
    for (const [oldest, text] of this.#answers) {
      if (this.#characters <= MOST_CHARACTERS) return;
      this.#answers.delete(oldest);
      this.#characters -= text.length;
    }
  }
}
