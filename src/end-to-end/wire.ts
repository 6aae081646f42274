/** An answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** When the last byte of it came, on the clock of `performance.now()`. */
  readonly at: number;
}

/** `closed`: the connection ended before an answer was complete. `silent`: nothing came in time. */
export type WireOutcome = WireAnswer | "closed" | "silent";

const HEAD_END = "\r\n\r\n";

interface Parsed {
  readonly answer: WireAnswer;
  readonly length: number;
}

const parse = (text: string, from = 0): Parsed | undefined => {
  const end = text.indexOf(HEAD_END, from);
  if (end === -1) return undefined;
  const start = end + HEAD_END.length;
  const [first = "", ...lines] = text.slice(from, end).split("\r\n");
  const status = Number(first.slice(9, 12));
  // Interim answers, such as 100 Continue, come before the one that counts.
  if (status < 200) return parse(text, start);
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const length = start + Number(headers.get("content-length") ?? 0);
  if (text.length < length) return undefined;
  return { answer: { status, headers, body: text.slice(start, length), at: performance.now() }, length };
};

/**
 * One connection that says exactly what it is told, byte for byte, and hears the answers in their order. `fetch` would
 * correct what is wrong on purpose, and send again by itself.
 */
export class Wire {
  #socket: Bun.Socket | undefined;
  readonly #closed = Promise.withResolvers<void>();
  #isOpen = true;
  #unsent: Uint8Array = new Uint8Array();
  #heard = "";
  #settle: ((outcome: WireOutcome) => void) | undefined;
  #timer: Timer | undefined;

  private constructor() {}

  static async open(url: URL): Promise<Wire> {
    const wire = new Wire();
    wire.#socket = await Bun.connect({
      hostname: url.hostname,
      port: Number(url.port),
      socket: {
        data: (_, bytes) => wire.#hear(bytes),
        drain: () => wire.#flush(),
        close: () => wire.#end(),
        error: () => wire.#end(),
      },
    });
    return wire;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Resolves when either side has closed the connection. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Says something, after all that was said before; what a closed connection is told is lost. */
  write(bytes: Uint8Array | string): void {
    if (!this.#isOpen) return;
    const more = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
    if (this.#unsent.length > 0) this.#unsent = Buffer.concat([this.#unsent, more]);
    else {
      this.#unsent = more;
      this.#flush();
    }
  }

  /** Waits for the next answer, one wait at a time. */
  answer(withinMs: number): Promise<WireOutcome> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#timer = setTimeout(() => this.#give("silent"), withinMs);
      this.#read();
      if (!this.#isOpen) this.#give("closed");
    });
  }

  close(): void {
    this.#socket?.terminate();
    this.#end();
  }

  #flush(): void {
    // -1 once the socket is closed.
    const written = this.#socket?.write(this.#unsent) ?? 0;
    this.#unsent = this.#unsent.subarray(Math.max(0, written));
  }

  #hear(bytes: Buffer): void {
    this.#heard += bytes.toString("latin1");
    this.#read();
  }

  #read(): void {
    if (this.#settle === undefined || this.#heard === "") return;
    const parsed = parse(this.#heard);
    if (parsed === undefined) return;
    this.#heard = this.#heard.slice(parsed.length);
    this.#give(parsed.answer);
  }

  #give(outcome: WireOutcome): void {
    clearTimeout(this.#timer);
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(outcome);
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#give("closed");
    this.#closed.resolve();
  }
}
