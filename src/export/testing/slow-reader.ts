import { connect } from "node:net";

/** The bytes of a chunked body; `whole` says whether its end was there. */
const unchunked = (bytes: Buffer): { readonly body: Buffer; readonly whole: boolean } => {
  const parts: Array<Buffer> = [];
  for (let at = 0; ; ) {
    const line = bytes.indexOf("\r\n", at);
    const size = line < 0 ? Number.NaN : Number.parseInt(bytes.toString("latin1", at, line), 16);
    if (size === 0) return { body: Buffer.concat(parts), whole: true };
    if (Number.isNaN(size) || line + 2 + size > bytes.length)
      return { body: Buffer.concat(parts), whole: false };
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
};

/** A GET over a connection that can be left unread. What it has received is looked at when it has ended. */
export const slowReader = async (url: string, headers: Readonly<Record<string, string>>) => {
  const { hostname, port, pathname, search } = new URL(url);
  const socket = connect(Number(port), hostname);
  const received: Array<Buffer> = [];
  socket.on("data", (part) => void received.push(Buffer.from(part)));
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  const lines = Object.entries({ host: hostname, connection: "close", ...headers });
  socket.write(
    `GET ${pathname}${search} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
  );
  return {
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    leave: () => socket.destroy(),
    /** Resolves when so many bytes have come. */
    receives: async (bytes: number) => {
      while (received.reduce((sum, part) => sum + part.length, 0) < bytes) await Bun.sleep(5);
    },
    answer: async () => {
      await closed;
      const bytes = Buffer.concat(received);
      const end = bytes.indexOf("\r\n\r\n");
      return {
        status: Number(bytes.toString("latin1", 9, 12)),
        ...unchunked(bytes.subarray(end + 4)),
      };
    },
  };
};
