import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Exit } from "effect";
import type { Settings } from "../../config.ts";
import type { IngestAnswer } from "../../ingest/ingest.ts";
import { defaultProject } from "../../projects/project.ts";
import { EventLog } from "../../spool/event-log.ts";
import { Journal, type SentEvent, type SentRequest } from "./journal.ts";
import { beginLife, ingestOf, type Life, type Services, spoolOf } from "./service-life.ts";
import { type Connection, connect } from "./simulated-batch-store.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedEngine } from "./simulated-engine.ts";
import type { Survival } from "./simulated-file.ts";
import { POISON, readRows } from "./simulated-tables.ts";
import { SimulatedTime } from "./simulated-time.ts";

/** What differs between the worlds. */
export type WorldSettings = { readonly engine: "embedded" | "server" } & Pick<
  Settings,
  "durability" | "batchSize" | "flushIntervalMs" | "maxQueueSize" | "spoolMaxBytes"
>;

const BEGINNING = Date.parse("2026-11-21T12:00:00.000Z");
const MONTH_MS = 31 * 86_400_000;

/** A start that waits for longer than this has failed. */
const START_MS = 60_000;
/** After so long a stop is forced (src/service.ts). */
const STOP_MS = 30_000;

const project = defaultProject({ allowedOrigins: "*" });
const sender = {
  admit: () => project,
  limit: () => undefined,
  address: "192.0.2.1",
  userAgent: "Mozilla/5.0",
  originHost: "",
  doNotTrack: false,
  globalPrivacyControl: false,
};

const countOf = (names: ReadonlyArray<string>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
};

/** The service over all its lives, on a disk, an engine and a clock that do what they are told. */
export class World {
  readonly time = new SimulatedTime(BEGINNING);
  readonly violations: Array<string> = [];
  readonly journal: Journal;
  readonly disk: SimulatedDisk;
  readonly engine: SimulatedEngine;
  readonly settings: Settings;
  readonly #ledgerDirectory: string;
  #isLedgerFull = false;
  #life: { readonly life: Life; readonly connection: Connection } | undefined;

  /** `ground` is what all worlds may share, because nothing here depends on it. */
  constructor({ engine, ...settings }: WorldSettings, ground: Settings) {
    this.settings = { ...ground, ...settings };
    this.#ledgerDirectory = mkdtempSync(join(ground.dataDir, "world-"));
    const onViolation = (what: string) => void this.violations.push(what);
    this.journal = new Journal(onViolation);
    this.disk = new SimulatedDisk(this.time);
    this.engine = new SimulatedEngine(engine, this.time);
  }

  get #ledgerPath(): string {
    return join(this.#ledgerDirectory, "ledger.sqlite");
  }

  get services(): Services | undefined {
    const started = this.#life?.life.started();
    return started !== undefined && Exit.isSuccess(started) ? started.value : undefined;
  }

  /** Starts the service, or fails to, as it may where something else fails. `withinMs` cuts it off in the middle. */
  async start(withinMs = START_MS): Promise<boolean> {
    this.journal.restart(await this.#found());
    const connection = connect(this.engine, this.time, (what) => void this.violations.push(what));
    const life = beginLife({
      time: this.time,
      disk: this.disk.mount(),
      connection,
      ledgerDirectory: this.#ledgerDirectory,
      isLedgerFull: () => this.#isLedgerFull,
      settings: this.settings,
    });
    this.#life = { life, connection };
    await this.time.until(() => life.started() !== undefined, withinMs);
    if (this.services !== undefined) return true;
    await this.kill();
    return false;
  }

  /** Ends the service as SIGTERM does. */
  async stop(): Promise<void> {
    const ended = this.#life;
    if (ended === undefined) return;
    let isOver = false;
    void ended.life.stop().then(() => {
      isOver = true;
      this.time.stir();
    });
    if (await this.time.until(() => isOver, STOP_MS)) this.#part();
    else await this.kill();
  }

  #part(): void {
    this.#life?.connection.cut();
    this.#life = undefined;
    this.journal.end();
    this.disk.leave();
    if (this.engine.kind === "embedded") this.engine.die();
  }

  /** Ends the service as SIGKILL does. */
  async kill(): Promise<void> {
    const ended = this.#life;
    this.#part();
    await ended?.life.kill();
  }

  /** Ends the service, and what its disk had not made sure of. */
  async losePower(survival: Survival): Promise<void> {
    await this.kill();
    this.disk.losePower(survival);
  }

  /** Makes the ledger unreadable while the service is down; a batch that is under way on a server ends first. */
  damageLedger(): void {
    this.engine.killAll();
    this.journal.loseLedger(countOf(this.#storedLetters()), this.engine.tables);
    for (const suffix of ["-wal", "-shm"]) rmSync(this.#ledgerPath + suffix, { force: true });
    writeFileSync(
      this.#ledgerPath,
      "This is not a database, and it is long enough to be looked at. ".repeat(100),
    );
  }

  /** The ledger cannot be written until all is healed. */
  fillLedgerDisk(): void {
    this.#isLedgerFull = true;
  }

  heal(): void {
    this.disk.heal();
    this.engine.heal();
    this.#isLedgerFull = false;
  }

  /** Tries again what was put aside, as `bun run dead-letters retry --all` does. */
  retryDeadLetters(): void {
    if (this.services === undefined) return;
    const { ledger } = spoolOf(this.services);
    ledger.retryLetters(ledger.deadLetters().map(({ id }) => id));
  }

  /** Sends a request, whose answer comes when it comes. */
  async send(events: ReadonlyArray<SentEvent>): Promise<void> {
    if (this.services === undefined) return;
    const life = this.#life;
    const ingest = ingestOf(this.services);
    if (ingest.refusal() !== undefined) return;
    const request = this.journal.send(events, this.time.now);
    const body = Buffer.from(JSON.stringify({ events: request.copies.map(bodyOf) }));
    void ingest.take(body, sender).then((answer) => {
      this.time.stir();
      if (life === this.#life && request.isOpen) this.#note(request, answer);
    });
    // A refusal comes at once, and is known before another request is sent.
    for (let turns = 0; turns < 10; turns++) await Promise.resolve();
  }

  #note(request: SentRequest, answer: IngestAnswer | Error): void {
    const isSynced = this.settings.durability === "fsync";
    if (!(answer instanceof Error)) {
      this.journal.answer(request, answer, (text) => this.disk.holds(text, isSynced));
    } else this.journal.refuse(request, "_tag" in answer && answer._tag === "SpoolUnavailable");
  }

  /** Names of the sendings that are in the spool, in a table, or put aside. */
  async #found(): Promise<ReadonlySet<string>> {
    const found = new Set(this.engine.tables.rows("events").map(({ copy }) => copy));
    for (const name of this.#storedLetters()) found.add(name);
    const log = await EventLog.open(this.disk.copy(), {
      segmentBytes: this.settings.spoolMaxBytes,
      sync: false,
      floor: 0,
      onRows: (rows) => {
        for (const { copy } of readRows(rows).rows) found.add(copy);
      },
      onDamage: () => {},
    });
    log.close();
    return found;
  }

  #storedLetters(): ReadonlyArray<string> {
    try {
      const ledger = new Database(this.#ledgerPath, { readonly: true });
      try {
        const letters = ledger.query<{ row: string }, []>("SELECT row FROM dead_letters").all();
        return letters.flatMap(({ row }) => readRows(row).rows.map(({ copy }) => copy));
      } finally {
        ledger.close();
      }
    } catch {
      return [];
    }
  }

  /** Whether nothing is left to do: all that was answered is stored, and what was to be tried again was. */
  get isDrained(): boolean {
    if (this.services === undefined) return false;
    const { state, ledger } = spoolOf(this.services);
    const { waiting, committing } = state();
    const isIdle = ledger.openBatch === undefined && ledger.letterToRetry() === undefined;
    return waiting === 0 && committing === 0 && isIdle;
  }

  /** Throws where something is not as it has to be at any moment, or (with `isComplete`) when all is done. */
  check(isComplete = false): void {
    if (this.services !== undefined) {
      const spool = spoolOf(this.services);
      const { bytes } = spool.state();
      const { spoolMaxBytes } = this.settings;
      if (bytes > spoolMaxBytes) this.violations.push(`the spool holds ${bytes} of ${spoolMaxBytes} bytes`);
      if (isComplete && bytes > spoolMaxBytes / 128) this.violations.push(`${bytes} bytes stay in the spool`);
      const letters = spool.ledger
        .deadLetters()
        .flatMap(({ row }) => readRows(row).rows.map(({ copy }) => copy));
      this.journal.check(this.engine.tables, countOf(letters), isComplete);
    }
    if (this.violations.length > 0) throw new Error(this.violations.join("\n"));
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.#ledgerDirectory, { recursive: true, force: true });
  }
}

const bodyOf = ({ name, event, sentAt }: SentRequest["copies"][number]) => ({
  event_type: event.isPoison ? POISON : "page_view",
  event_id: event.id,
  page_title: `${name} ${(event.isWide ? "語" : "x").repeat(event.isWide ? 400 : 0)}`,
  occurred_at: sentAt - event.monthsBack * MONTH_MS,
});
