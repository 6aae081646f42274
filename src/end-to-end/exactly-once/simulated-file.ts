/** What a power loss leaves of what was written and not synced; `part`, from 0 to 1, says how much or where. */
export interface Survival {
  /**
   * - `nothing`, `all`: as it says
   * - `torn`: the first of the changes, the last of these only from its beginning
   * - `late`: the same, but only to its end, and where the file was not so long before there are zeros
   * - `flipped`: the same as a whole, but for one bit
   */
  readonly what: "nothing" | "all" | "torn" | "late" | "flipped";
  readonly part: number;
}

/** Bytes at a position, or a new length. */
type Change = { readonly position: number; readonly bytes: Buffer } | { readonly length: number };

const applied = (content: Buffer, change: Change): Buffer => {
  if ("length" in change) return Buffer.from(content.subarray(0, change.length));
  const { position, bytes } = change;
  const after = Buffer.alloc(Math.max(content.length, position + bytes.length));
  after.set(content);
  after.set(bytes, position);
  return after;
};

const inPart = (change: Change, { what, part }: Survival): Change => {
  if ("length" in change) return change;
  const { position, bytes } = change;
  const at = Math.floor(part * bytes.length);
  if (what === "torn") return { position, bytes: bytes.subarray(0, at) };
  if (what === "late") return { position: position + at, bytes: bytes.subarray(at) };
  const flipped = Buffer.from(bytes);
  if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ 0x10;
  return { position, bytes: flipped };
};

/** A file of which it is known what a power loss would leave. */
export class SimulatedFile {
  /** As processes see it. */
  content: Buffer = Buffer.alloc(0);
  /** As it was at the last sync. */
  synced: Buffer = Buffer.alloc(0);
  #changes: Array<Change> = [];
  /** What a sync could not make safe. */
  #failed: Array<Change> = [];

  #change(change: Change): void {
    this.#changes.push(change);
    this.content = applied(this.content, change);
  }

  write(bytes: Uint8Array, position: number): void {
    this.#change({ position, bytes: Buffer.from(bytes) });
  }

  truncate(length: number): void {
    this.#change({ length });
  }

  /**
   * Begins a sync. Its end makes safe what was written by now; after a failure no other sync of this process does. (Nor
   * does the next one's on a real disk; but that takes a disk that fails, a restart and a power loss.)
   */
  beginSync(): (isDone: boolean) => void {
    const begun = this.#changes.slice();
    return (isDone) => {
      if (isDone) for (const change of begun) this.synced = applied(this.synced, change);
      this.#failed = isDone ? [] : [...this.#failed, ...begun];
      this.#changes = this.#changes.filter((change) => !begun.includes(change));
    };
  }

  /** Another process opens it. */
  reopen(): void {
    this.#changes = [...this.#failed, ...this.#changes];
    this.#failed = [];
  }

  losePower(survival: Survival): void {
    const { what, part } = survival;
    const whole = what === "nothing" ? 0 : Math.round(part * Math.max(this.#changes.length - 1, 0));
    let content = this.synced;
    for (const change of this.#changes.slice(0, whole)) content = applied(content, change);
    const next = this.#changes[whole];
    if (next !== undefined && what !== "nothing") content = applied(content, inPart(next, survival));
    if (what === "all") content = this.content;
    this.content = content;
    this.synced = content;
    this.#changes = [];
    this.#failed = [];
  }
}
