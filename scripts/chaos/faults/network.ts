import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * What happens to a statement on its way to the engine and back.
 *
 * - `request_cut`: half of its body arrives, then both connections end
 * - `request_lost`: nothing arrives, the connection ends
 * - `answer_cut`: it is carried out, and the connection ends instead of an answer
 * - `answer_held`: it is carried out, its answer waits, and then the connection ends
 * - `late`: the connection ends, and only after that it arrives and is carried out
 * - `error_500`, `error_503`: it does not arrive, and is answered with an error
 * - `error_after`: it is carried out and answered with an error
 */
export type NetworkFault =
  | "request_cut"
  | "request_lost"
  | "answer_cut"
  | "answer_held"
  | "late"
  | "error_500"
  | "error_503"
  | "error_after";

export const networkFaults: ReadonlyArray<NetworkFault> = [
  "request_cut",
  "request_lost",
  "answer_cut",
  "answer_held",
  "late",
  "error_500",
  "error_503",
  "error_after",
];

export interface ArmedFault {
  readonly fault: NetworkFault;
  /** How many statements it meets. */
  readonly times: number;
  /** Only inserts, or every statement. */
  readonly insertsOnly: boolean;
  /** How long an answer is held, or how much later a late statement arrives. */
  readonly delayMs: number;
}

export interface Network {
  readonly url: string;
  /** Meets the next statements, after those armed before. */
  readonly arm: (fault: ArmedFault) => void;
  readonly disarm: () => void;
  /** Resolves when the next insert has been sent on to the engine, or has been carried out and not answered yet. */
  readonly nextInsert: (moment: "sent" | "done") => Promise<void>;
  /** How many statements each fault met. */
  readonly met: ReadonlyMap<NetworkFault, number>;
  readonly close: () => void;
}

interface Carried {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

const bytesOf = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Array<Buffer> = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

/** Stands between the service and its ClickHouse server. */
export const openNetwork = async (upstream: () => string): Promise<Network> => {
  let armed: Array<ArmedFault> = [];
  const met = new Map<NetworkFault, number>();
  const waiting = { sent: [] as Array<() => void>, done: [] as Array<() => void> };
  const tell = (moment: "sent" | "done") => {
    for (const resolve of waiting[moment].splice(0)) resolve();
  };

  const nextFault = (isInsert: boolean): ArmedFault | undefined => {
    const [first] = armed;
    if (first === undefined || (first.insertsOnly && !isInsert)) return undefined;
    armed = first.times > 1 ? [{ ...first, times: first.times - 1 }, ...armed.slice(1)] : armed.slice(1);
    met.set(first.fault, (met.get(first.fault) ?? 0) + 1);
    return first;
  };

  const open = (incoming: IncomingMessage, length: number) => {
    const { host: _, "transfer-encoding": __, connection: ___, ...headers } = incoming.headers;
    return request(`${upstream()}${incoming.url ?? "/"}`, {
      method: incoming.method ?? "POST",
      headers: { ...headers, "content-length": String(length) },
      agent: false,
    });
  };

  const carry = (incoming: IncomingMessage, body: Buffer, isInsert: boolean): Promise<Carried> =>
    new Promise((resolve, reject) => {
      const outgoing = open(incoming, body.length);
      outgoing.on("error", reject);
      outgoing.on("response", (response) => {
        bytesOf(response).then((bytes) => {
          if (isInsert) tell("done");
          resolve({ status: response.statusCode ?? 500, headers: response.headers, body: bytes });
        }, reject);
      });
      outgoing.end(body, () => {
        if (isInsert) tell("sent");
      });
    });

  const cutHalfWay = async (incoming: IncomingMessage, body: Buffer): Promise<void> => {
    const outgoing = open(incoming, body.length);
    outgoing.on("error", () => {});
    outgoing.write(body.subarray(0, body.length >> 1));
    await Bun.sleep(5);
    outgoing.destroy();
  };

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bytesOf(incoming);
    const sql = new URL(incoming.url ?? "/", "http://localhost").searchParams.get("query") ?? "";
    const isInsert = /^\s*INSERT/i.test(sql);
    const cut = () => void response.socket?.destroy();
    const { fault, delayMs } = nextFault(isInsert) ?? { fault: undefined, delayMs: 0 };
    if (fault === "request_lost") return cut();
    if (fault === "request_cut") {
      await cutHalfWay(incoming, body);
      return cut();
    }
    if (fault === "error_500" || fault === "error_503") {
      return void response.writeHead(fault === "error_500" ? 500 : 503).end("the network says no\n");
    }
    if (fault === "late") {
      cut();
      await Bun.sleep(delayMs);
    }
    const { status, headers, body: answer } = await carry(incoming, body, isInsert);
    if (fault === "answer_held") await Bun.sleep(delayMs);
    if (fault === "answer_cut" || fault === "answer_held" || fault === "late") return cut();
    if (fault === "error_after") return void response.writeHead(500).end("the network says no\n");
    const { connection: _, "transfer-encoding": __, ...kept } = headers;
    response.writeHead(status, { ...kept, "content-length": String(answer.length) }).end(answer);
  };

  const server = createServer((incoming, response) => {
    // What ends on one side ends on the other.
    serve(incoming, response).catch(() => response.socket?.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arm: (fault) => void armed.push(fault),
    disarm: () => {
      armed = [];
    },
    nextInsert: (moment) =>
      new Promise((resolve) => {
        waiting[moment].push(resolve);
      }),
    met,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
