import { Clock, Duration, Effect } from "effect";

interface Timer {
  readonly due: number;
  readonly fire: () => void;
}

/** After so many turns of the event loop without a sign of life everything waits for the time to pass. */
const QUIET_TURNS = 2;

/** Time that passes only when it is told to, for the service, its disk and its engine. */
export class SimulatedTime {
  /** Epoch ms. */
  now: number;
  #timers: Array<Timer> = [];
  #signs = 0;

  constructor(now: number) {
    this.now = now;
  }

  /** Says that something happened that may be followed by more at the same moment. */
  stir(): void {
    this.#signs++;
  }

  /** Calls `fire` when so many milliseconds have passed; the answer takes that back. */
  after(ms: number, fire: () => void): () => void {
    this.stir();
    const timer = { due: this.now + ms, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** Resolves when all that can happen without time passing has happened. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; ) {
      const before = this.#signs;
      await new Promise((resolve) => setImmediate(resolve));
      quiet = this.#signs === before ? quiet + 1 : 0;
    }
  }

  #next(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= until && (next === undefined || timer.due < next.due)) next = timer;
    }
    return next;
  }

  #fire(timer: Timer): void {
    this.#timers = this.#timers.filter((one) => one !== timer);
    this.now = Math.max(this.now, timer.due);
    this.stir();
    timer.fire();
  }

  /** Lets time pass, with everything that happens on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    await this.until(() => false, end - this.now);
    this.now = Math.max(this.now, end);
  }

  /** Lets time pass until it is so; false where it is not within so many milliseconds. */
  async until(isSo: () => boolean, withinMs: number): Promise<boolean> {
    const end = this.now + withinMs;
    for (;;) {
      await this.settle();
      if (isSo()) return true;
      const next = this.#next(end);
      if (next === undefined) return false;
      this.#fire(next);
    }
  }

  /** Turns the clock on in one go, as for a machine that slept: what was due meanwhile is late. */
  async sleepThrough(ms: number): Promise<void> {
    await this.settle();
    this.now += ms;
    for (let next = this.#next(this.now); next !== undefined; next = this.#next(this.now)) this.#fire(next);
    await this.settle();
  }
}

/** The clock of one process. After its end nothing waits on it any more. */
export class ProcessClock implements Clock.Clock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId;
  readonly #time: SimulatedTime;
  readonly #sleepers = new Set<() => void>();
  #ended = false;

  constructor(time: SimulatedTime) {
    this.#time = time;
  }

  unsafeCurrentTimeMillis = () => this.#time.now;
  unsafeCurrentTimeNanos = () => BigInt(this.#time.now) * 1_000_000n;
  currentTimeMillis = Effect.sync(this.unsafeCurrentTimeMillis);
  currentTimeNanos = Effect.sync(this.unsafeCurrentTimeNanos);

  sleep = (duration: Duration.Duration): Effect.Effect<void> =>
    Effect.async<void>((resume) => {
      const wake = () => {
        this.#sleepers.delete(late);
        resume(Effect.void);
      };
      const cancel = this.#ended ? () => {} : this.#time.after(Duration.toMillis(duration), wake);
      const late = () => {
        cancel();
        setImmediate(wake);
      };
      if (this.#ended) late();
      else this.#sleepers.add(late);
      return Effect.sync(() => {
        cancel();
        this.#sleepers.delete(late);
      });
    });

  end(): void {
    this.#ended = true;
    for (const wake of [...this.#sleepers]) wake();
  }
}
