import { connect, type Socket } from "node:net";

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface PostOptions {
  /** After so long without an answer the connection is closed, in milliseconds. */
  readonly timeoutMs: number;
  /** The request halts in its middle for so long. */
  readonly pauseMs: number;
}

const parse = (text: string): HttpAnswer | undefined => {
  const head = text.indexOf("\r\n\r\n");
  if (head === -1) return undefined;
  const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
  const body = text.slice(head + 4);
  return body.length < length ? undefined : { status: Number(text.slice(9, 12)), body };
};

/**
 * One connection at a time to a service that may be gone at any moment. A plain socket and not `fetch`, which may send a
 * request again by itself.
 */
export class Connection {
  readonly #port: number;
  #socket: Socket | undefined;
  #received = "";
  #settle: ((answer: HttpAnswer | undefined) => void) | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** Posts a body; undefined when there was no answer, or not all of it. Never sends anything twice. */
  async post(
    path: string,
    body: string,
    { timeoutMs, pauseMs }: PostOptions,
  ): Promise<HttpAnswer | undefined> {
    const socket = this.#socket ?? this.#open();
    const answered = new Promise<HttpAnswer | undefined>((resolve) => {
      this.#settle = resolve;
    });
    const timer = setTimeout(() => this.close(), timeoutMs);
    const middle = body.length >> 1;
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`,
    );
    if (pauseMs === 0) socket.write(body);
    else {
      socket.write(body.slice(0, middle));
      await Promise.race([Bun.sleep(pauseMs), answered]);
      if (this.#socket === socket) socket.write(body.slice(middle));
    }
    const answer = await answered;
    clearTimeout(timer);
    return answer;
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#received = "";
    socket?.destroy();
    this.#end(undefined);
  }

  #end(answer: HttpAnswer | undefined): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(answer);
  }

  #open(): Socket {
    const socket = connect(this.#port, "127.0.0.1");
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (text) => {
      if (this.#socket !== socket) return;
      this.#received += String(text);
      const answer = parse(this.#received);
      if (answer === undefined) return;
      const closes = /\r\nconnection: close\r\n/i.test(this.#received);
      this.#received = "";
      this.#end(answer);
      if (closes) this.close();
    });
    const gone = () => {
      if (this.#socket === socket) this.close();
    };
    socket.on("error", gone);
    socket.on("close", gone);
    return socket;
  }
}
