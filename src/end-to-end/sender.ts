import { connect, type Socket } from "node:net";

/** What a sender knows after its run: whether an event that was not answered was taken is open. */
export interface SenderReport {
  readonly sent: ReadonlySet<string>;
  readonly answered: ReadonlySet<string>;
  /** Statuses other than 200 and how often they came. */
  readonly otherStatuses: Readonly<Record<number, number>>;
}

export interface SenderOptions {
  readonly url: string;
  readonly eventsPerSecond: number;
  readonly connections: number;
  readonly eventsPerRequest: number;
  /** Every request halts in its middle for so long, so that at any moment some are under way. */
  readonly pauseMs: number;
  /** Begins the id of every event. */
  readonly prefix: string;
}

const headersEnd = "\r\n\r\n";

// A plain socket and not `fetch`, which may send a request again by itself when a connection turns out to be closed.
class Connection {
  readonly #socket: Socket;
  #received = "";
  #waiting: ((status: number | undefined) => void) | undefined;
  #closed = false;

  constructor(url: URL) {
    this.#socket = connect(Number(url.port), url.hostname);
    this.#socket.setNoDelay(true);
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (text) => {
      this.#received += String(text);
      this.#read();
    });
    this.#socket.on("error", () => this.#close());
    this.#socket.on("close", () => this.#close());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The status of the answer, once all of it has come; `undefined` when the connection ended before. */
  post(host: string, body: string, pauseMs: number): Promise<number | undefined> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      const middle = body.length >> 1;
      this.#socket.write(
        `POST /v1/events HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body.slice(0, middle)}`,
      );
      setTimeout(() => this.#socket.write(body.slice(middle)), pauseMs);
    });
  }

  end(): void {
    this.#socket.destroy();
  }

  #read(): void {
    const end = this.#received.indexOf(headersEnd);
    if (end < 0) return;
    const head = this.#received.slice(0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#received.length < end + headersEnd.length + length) return;
    this.#received = this.#received.slice(end + headersEnd.length + length);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(status);
  }

  #close(): void {
    this.#closed = true;
    this.#waiting?.(undefined);
    this.#waiting = undefined;
  }
}

const eventOf = (id: string, n: number) => ({
  event_type: n % 3 === 0 ? "widget_impression" : "page_view",
  event_id: id,
  visitor_id: n % 200,
  page_url: `https://example.org/post-${n % 50}/`,
  properties: {
    mapping_id: n % 40,
    post_id: n % 50,
    widget_index: 0,
    device_slug: "iphone-15-pro",
    raw_model: "iPhone 15 Pro",
    viewport_percent: 50,
  },
});

/** Sends at a steady rate over several connections until every one of them is closed by the service, or `stop`. */
export const startSender = (options: SenderOptions) => {
  const url = new URL(options.url);
  const sent = new Set<string>();
  const answered = new Set<string>();
  const otherStatuses: Record<number, number> = {};
  const intervalMs = (1000 * options.connections * options.eventsPerRequest) / options.eventsPerSecond;
  const startedAt = performance.now();
  let n = 0;
  let stopped = false;

  const run = async (index: number): Promise<void> => {
    const connection = new Connection(url);
    for (let turn = 0; !stopped; turn++) {
      // By the clock and not by pauses, so that a slow answer is caught up with.
      const due = startedAt + (turn + index / options.connections) * intervalMs;
      const early = due - performance.now();
      if (early > 0) await Bun.sleep(early);
      if (connection.closed) break;
      const ids: Array<string> = [];
      const events = Array.from({ length: options.eventsPerRequest }, () => {
        n += 1;
        const id = `${options.prefix}-${n}`;
        ids.push(id);
        return eventOf(id, n);
      });
      for (const id of ids) sent.add(id);
      const status = await connection.post(url.host, JSON.stringify({ events }), options.pauseMs);
      if (status === undefined) break;
      if (status === 200) for (const id of ids) answered.add(id);
      else otherStatuses[status] = (otherStatuses[status] ?? 0) + 1;
    }
    connection.end();
  };

  const ended = Promise.all(Array.from({ length: options.connections }, (_, index) => run(index)));
  return {
    answeredSoFar: () => answered.size,
    /** Resolves when every connection has ended. */
    report: async (): Promise<SenderReport> => {
      await ended;
      return { sent, answered, otherStatuses };
    },
    stop: (): void => {
      stopped = true;
    },
  };
};
