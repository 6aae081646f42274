import { SimulatedTables, type Slice } from "./simulated-tables.ts";
import type { SimulatedTime } from "./simulated-time.ts";

/**
 * What goes wrong with the next statement that writes, after so many of its steps; each slice has two.
 *
 * - `fails`: it ends there with an error
 * - `dies`: the engine ends there, and with it every statement; it is back after some seconds
 * - `unanswered`: it runs to its end, of which nobody hears
 * - `hangs`: it stands still for `ms` and then goes on, whether somebody still waits for it or not
 */
export interface EngineFault {
  readonly kind: "fails" | "dies" | "unanswered" | "hangs";
  readonly steps: number;
  readonly ms: number;
}

const STEP_MS = 1;
const RESTART_MS = 5_000;

/** An insert under way. */
interface Statement {
  /** The batch it belongs to. */
  readonly name: string;
  readonly slices: ReadonlyArray<Slice>;
  /** Slices that were recorded under it before are passed over. */
  readonly token: string | undefined;
  /** Told whether it ran to its end. */
  readonly onEnd: (isDone: boolean) => void;
  fault: EngineFault | undefined;
  step: number;
  /** Whether the slice at hand is recorded by this statement, and not written yet. */
  isRecorded: boolean;
  cancel: () => void;
}

/**
 * ClickHouse as the writer knows it. A batch falls into slices, each of which arrives as a whole. A slice's token is
 * recorded before the slice is there, so that after a crash of the engine it may stand for rows that never arrived. On a
 * server a statement outlives the process that sent it; the embedded engine ends with its process.
 */
export class SimulatedEngine {
  readonly kind: "embedded" | "server";
  readonly tables = new SimulatedTables();
  /** Whether it takes poison too, as after a change of a table. */
  isCured = false;
  readonly #time: SimulatedTime;
  readonly #tokens = new Set<string>();
  readonly #running = new Set<Statement>();
  #faults: Array<EngineFault> = [];
  #isDown = false;

  constructor(kind: "embedded" | "server", time: SimulatedTime) {
    this.kind = kind;
    this.#time = time;
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  /** Adds a fault for the first statement that none was added for yet. */
  fail(fault: EngineFault): void {
    const endsWithProcess = this.kind === "embedded" && fault.kind === "dies";
    this.#faults.push(endsWithProcess ? { ...fault, kind: "fails" } : fault);
  }

  /** Answers nothing until it is healed; what runs goes on. */
  goDown(): void {
    this.#isDown = true;
  }

  heal(): void {
    this.#isDown = false;
    this.#faults = [];
  }

  /** Ends at once, in the middle of whatever it does. */
  die(): void {
    for (const statement of [...this.#running]) this.#end(statement, false);
  }

  /** Ends what runs of the batch; nothing of it arrives from then on. */
  kill(name: string): void {
    for (const statement of [...this.#running]) if (statement.name === name) this.#giveUp(statement);
  }

  killAll(): void {
    for (const statement of [...this.#running]) this.#giveUp(statement);
  }

  insert(statement: Pick<Statement, "name" | "slices" | "token" | "onEnd">): void {
    const started: Statement = {
      ...statement,
      fault: this.#faults.shift(),
      step: 0,
      isRecorded: false,
      cancel: () => {},
    };
    this.#running.add(started);
    this.#continue(started, STEP_MS);
  }

  #continue(statement: Statement, ms: number): void {
    statement.cancel = this.#time.after(ms, () => this.#run(statement));
  }

  #run(statement: Statement): void {
    const { slices, fault, step } = statement;
    if (fault !== undefined && step === Math.min(fault.steps, slices.length * 2)) {
      if (this.#strike(statement, fault)) return;
    }
    const slice = slices[step >> 1];
    if (slice === undefined) {
      this.#end(statement, fault?.kind !== "unanswered");
      return;
    }
    if (step % 2 === 0) this.#record(statement, slice);
    else if (statement.isRecorded) {
      this.tables.write(slice);
      statement.isRecorded = false;
    }
    statement.step++;
    this.#continue(statement, STEP_MS);
  }

  /** Whether the statement does not go on. */
  #strike(statement: Statement, { kind, ms }: EngineFault): boolean {
    if (kind === "unanswered") return false;
    if (kind === "fails") this.#giveUp(statement);
    else if (kind === "dies") this.#restart();
    else {
      statement.fault = undefined;
      this.#continue(statement, ms);
    }
    return true;
  }

  #mark({ token }: Statement, { table, partition }: Slice): string {
    return `${token} ${table} ${partition}`;
  }

  #record(statement: Statement, slice: Slice): void {
    const mark = this.#mark(statement, slice);
    statement.isRecorded = statement.token === undefined || !this.#tokens.has(mark);
    if (statement.token !== undefined) this.#tokens.add(mark);
  }

  #end(statement: Statement, isDone: boolean): void {
    statement.cancel();
    this.#running.delete(statement);
    statement.onEnd(isDone);
  }

  // An engine that goes on running takes back what it recorded of a slice that does not come.
  #giveUp(statement: Statement): void {
    const slice = statement.slices[statement.step >> 1];
    if (statement.isRecorded && slice !== undefined) this.#tokens.delete(this.#mark(statement, slice));
    this.#end(statement, false);
  }

  #restart(): void {
    this.#isDown = true;
    this.die();
    this.#time.after(RESTART_MS, () => {
      this.#isDown = false;
    });
  }
}
