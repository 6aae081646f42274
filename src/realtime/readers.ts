import type { ServerWebSocket } from "bun";
import type { RecentTraffic, Scope } from "./recent-traffic.ts";

export interface ReaderOptions {
  /** Most connections at a time, 500 by default. */
  readonly most?: number;
  /** How often it is looked whether something changed, in milliseconds, 200 by default. */
  readonly lookMs?: number;
  /** Events are told of at most so often, in milliseconds, 500 by default. */
  readonly pushMs?: number;
  /** So often it is looked whether time alone has changed the numbers, in milliseconds, 2000 by default. */
  readonly moveMs?: number;
  /** Pings are sent so often, in milliseconds, 15,000 by default; who does not answer two of them is gone. */
  readonly pingMs?: number;
  /** A reader that has not taken its last message for so long is dropped, in milliseconds, 10,000 by default. */
  readonly stallMs?: number;
  /** Told which project is read. */
  readonly refresh?: (project: string) => void;
}

/** Looking for news takes at most this share of the thread: the next look waits so many times as long as the last took. */
const LOOK_SHARE = 10;

const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;

/** So often it is asked again who may read, in milliseconds, besides whenever there is something to send. */
const ALLOWED_MS = 2000;

type Socket = Pick<ServerWebSocket<unknown>, "send" | "ping" | "close" | "terminate" | "getBufferedAmount">;

/** Readers of the same numbers, which are counted and written once for all of them. */
interface Watched {
  readonly scope: Scope;
  readonly readers: Set<Reader>;
  text: string;
  change: number;
  lookedAt: number;
}

/** One connection; its methods are called by the server. */
export class Reader {
  readonly #readers: Readers;
  readonly watched: Watched;
  readonly mayRead: () => boolean;
  socket: Socket | undefined;
  heardAt = performance.now();
  stalledSince: number | undefined;

  constructor(readers: Readers, watched: Watched, mayRead: () => boolean) {
    this.#readers = readers;
    this.watched = watched;
    this.mayRead = mayRead;
  }

  open(socket: Socket): void {
    this.socket = socket;
    this.heardAt = performance.now();
    this.#readers.greet(this);
  }

  // A reader has nothing to say, but what it says shows that it is there.
  message(): void {
    this.heardAt = performance.now();
  }

  pong(): void {
    this.heardAt = performance.now();
  }

  ping(): void {
    this.heardAt = performance.now();
  }

  drain(): void {
    if (this.stalledSince !== undefined) this.#readers.send(this);
  }

  close(): void {
    this.#readers.remove(this);
  }
}

/**
 * The connections that watch. Each is sent the numbers once at the start, then within 0.7 seconds of an event, and within
 * 2.2 seconds of the time that changed them by itself.
 *
 * A slow reader costs no memory: it gets the newest numbers when it has taken the last ones, nothing is kept for it
 * meanwhile, and one that takes nothing for ten seconds is dropped.
 */
export class Readers {
  readonly #traffic: RecentTraffic;
  readonly #options: Required<ReaderOptions>;
  readonly #watched = new Map<string, Watched>();
  #count = 0;
  #hasEnded = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pingedAt = performance.now();
  #allowedAt = performance.now();

  constructor(traffic: RecentTraffic, options: ReaderOptions = {}) {
    this.#traffic = traffic;
    this.#options = {
      most: 500,
      lookMs: 200,
      pushMs: 500,
      moveMs: 2000,
      pingMs: 15_000,
      stallMs: 10_000,
      refresh: () => {},
      ...options,
    };
  }

  /** Connections, those included that are not open yet. */
  get count(): number {
    return this.#count;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Room for one more connection; undefined when there is none. It is given back by `remove`, or when it closes. From the
   * moment that `mayRead` is false it is sent nothing more, and it is closed within two seconds.
   */
  add(scope: Scope, mayRead: () => boolean = () => true): Reader | undefined {
    if (this.#hasEnded || this.#count >= this.#options.most) return undefined;
    const key = JSON.stringify([scope.project, scope.sites === undefined ? null : [...scope.sites].sort()]);
    let watched = this.#watched.get(key);
    if (watched === undefined) {
      watched = { scope, readers: new Set(), text: "", change: 0, lookedAt: Number.NEGATIVE_INFINITY };
      this.#watched.set(key, watched);
    }
    const reader = new Reader(this, watched, mayRead);
    watched.readers.add(reader);
    this.#count++;
    if (this.#timer === undefined) this.#lookIn(this.#options.lookMs);
    return reader;
  }

  remove(reader: Reader): void {
    const { watched } = reader;
    if (!watched.readers.delete(reader)) return;
    this.#count--;
    if (watched.readers.size > 0) return;
    for (const [key, one] of this.#watched) if (one === watched) this.#watched.delete(key);
    if (this.#watched.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Sends the first numbers. */
  greet(reader: Reader): void {
    const { watched } = reader;
    // Others may have been sent the same ones a moment ago; what has happened since comes with the next look.
    if (performance.now() - watched.lookedAt >= this.#options.pushMs) this.#write(watched);
    this.send(reader);
  }

  /** Closes all connections; from now on there is room for none. */
  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    for (const { readers } of this.#watched.values()) {
      for (const { socket } of readers) socket?.close(GOING_AWAY, "The service stops");
    }
  }

  #lookIn(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), ms);
    this.#timer.unref();
  }

  #look(): void {
    const startedAt = performance.now();
    this.#ping(startedAt);
    this.#dismiss(startedAt);
    for (const watched of this.#watched.values()) {
      this.#options.refresh(watched.scope.project);
      const age = startedAt - watched.lookedAt;
      const hasEvents = this.#traffic.change(watched.scope) !== watched.change;
      if (age < (hasEvents ? this.#options.pushMs : this.#options.moveMs)) continue;
      const before = watched.text;
      this.#write(watched);
      if (!hasEvents && watched.text === before) continue;
      for (const reader of watched.readers) this.send(reader);
    }
    const took = performance.now() - startedAt;
    if (this.#watched.size > 0 && !this.#hasEnded) {
      this.#lookIn(Math.max(this.#options.lookMs, took * LOOK_SHARE));
    }
  }

  #write(watched: Watched): void {
    watched.change = this.#traffic.change(watched.scope);
    watched.text = JSON.stringify(this.#traffic.document(watched.scope));
    watched.lookedAt = performance.now();
  }

  /** Sends the newest numbers, or later when the reader has taken the last ones. */
  send(reader: Reader): void {
    const { socket, watched } = reader;
    if (socket === undefined) return;
    if (!reader.mayRead()) {
      this.#end(reader);
      return;
    }
    if (socket.getBufferedAmount() > 0) {
      reader.stalledSince ??= performance.now();
      return;
    }
    reader.stalledSince = undefined;
    socket.send(watched.text);
  }

  #dismiss(now: number): void {
    if (now - this.#allowedAt < ALLOWED_MS) return;
    this.#allowedAt = now;
    for (const { readers } of this.#watched.values()) {
      for (const reader of readers) if (!reader.mayRead()) this.#end(reader);
    }
  }

  #end(reader: Reader): void {
    reader.socket?.close(POLICY_VIOLATION, "What opened this is not valid any more");
    this.remove(reader);
  }

  #ping(now: number): void {
    const { pingMs, stallMs } = this.#options;
    const isTime = now - this.#pingedAt >= pingMs;
    if (isTime) this.#pingedAt = now;
    for (const { readers } of this.#watched.values()) {
      for (const reader of readers) {
        const { socket, stalledSince, heardAt } = reader;
        const isStalled = stalledSince !== undefined && now - stalledSince >= stallMs;
        if (isStalled || now - heardAt >= 2.5 * pingMs) {
          socket?.terminate();
          this.remove(reader);
        } else if (isTime) socket?.ping();
      }
    }
  }
}
