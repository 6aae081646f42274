/** The answer to one request. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One keep-alive connection that sends one request at a time. */
export interface Connection {
  readonly send: (request: Uint8Array) => Promise<Answer>;
  readonly close: () => void;
}

/** A whole `POST` as it goes over the wire. */
export const encodeRequest = (url: URL, body: Uint8Array, headers: Record<string, string>): Uint8Array =>
  Buffer.concat([
    Buffer.from(
      [
        `POST ${url.pathname} HTTP/1.1`,
        `host: ${url.host}`,
        `content-length: ${body.length}`,
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
        "",
        "",
      ].join("\r\n"),
    ),
    body,
  ]);

const parse = (text: string): Answer | undefined => {
  const head = text.indexOf("\r\n\r\n");
  if (head === -1) return undefined;
  const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
  const body = text.slice(head + 4);
  return body.length < length ? undefined : { status: Number(text.slice(9, 12)), body };
};

/**
 * Opens a connection. The least that can send a request and read its answer, so that as much as possible of the machine
 * is left to what is measured; `fetch` takes several times as much.
 */
export const openConnection = async (url: URL): Promise<Connection> => {
  let received = "";
  let unsent: Uint8Array = new Uint8Array();
  let waiting:
    | { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void }
    | undefined;
  const fail = (error: Error) => waiting?.reject(error);
  const socket = await Bun.connect({
    hostname: url.hostname,
    port: Number(url.port),
    socket: {
      data: (_, bytes) => {
        received += bytes.toString("latin1");
        const answer = parse(received);
        if (answer === undefined) return;
        received = "";
        waiting?.resolve(answer);
      },
      drain: (socket) => {
        unsent = unsent.subarray(socket.write(unsent));
      },
      error: (_, error) => fail(error),
      close: () => fail(new Error("the server closed the connection")),
    },
  });
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        unsent = request.subarray(socket.write(request));
      }),
    close: () => {
      waiting = undefined;
      socket.end();
    },
  };
};
