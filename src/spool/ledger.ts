import { Database } from "bun:sqlite";

/** A batch that was fixed before it was first sent: the rows from `fromRow` up to `toRow`, under its number. */
export interface OpenBatch {
  readonly number: number;
  readonly fromRow: number;
  readonly toRow: number;
}

/** One row that ClickHouse will never take, kept for a person to look at. */
export interface DeadLetter {
  readonly id: number;
  /** ISO 8601. */
  readonly rejectedAt: string;
  readonly reason: string;
  /** The encoded row, without its batch number. */
  readonly row: string;
}

interface PositionRow {
  readonly ledger_id: string;
  readonly stored_row: number;
  readonly batch: number;
  readonly to_row: number | null;
  readonly is_lost: number;
}

export interface LedgerOptions {
  /** Whether every change waits until it survives a power loss, not only a crash of the process. */
  readonly sync: boolean;
  /** A new ledger beside a log that an older one knew about. */
  readonly isLost: boolean;
}

/**
 * What the writer has to know after a crash: how far the rows are stored, which batch was under way, and the rows that
 * can never be stored. One file of SQLite; every method has its effect on disk when it returns, or throws.
 */
export class Ledger {
  readonly #database: Database;
  readonly #position: PositionRow;
  #storedRow: number;
  #batch: number;
  #toRow: number | undefined;
  #isLost: boolean;

  /**
   * Opens or makes the ledger; `path` may be ":memory:". Throws if the file is no sound ledger: the caller decides what
   * becomes of it then.
   */
  constructor(path: string, { sync, isLost }: LedgerOptions) {
    this.#database = new Database(path, { create: true, strict: true });
    try {
      this.#database.run("PRAGMA journal_mode = WAL");
      this.#database.run(`PRAGMA synchronous = ${sync ? "FULL" : "NORMAL"}`);
      const [check] = this.#database.query<{ integrity_check: string }, []>("PRAGMA integrity_check").all();
      if (check?.integrity_check !== "ok") throw new Error(`integrity check: ${check?.integrity_check}`);
      this.#database.run(`CREATE TABLE IF NOT EXISTS position (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        ledger_id TEXT NOT NULL,
        stored_row INTEGER NOT NULL,
        batch INTEGER NOT NULL,
        to_row INTEGER,
        is_lost INTEGER NOT NULL
      )`);
      this.#database.run(`CREATE TABLE IF NOT EXISTS dead_letters (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        rejected_at TEXT NOT NULL,
        reason TEXT NOT NULL,
        row TEXT NOT NULL
      )`);
      this.#database
        .query("INSERT OR IGNORE INTO position VALUES (1, ?, 0, 0, NULL, ?)")
        .run(crypto.randomUUID(), Number(isLost));
      this.#position = this.#database
        .query<PositionRow, []>("SELECT ledger_id, stored_row, batch, to_row, is_lost FROM position")
        .get() as PositionRow;
    } catch (error) {
      this.#database.close();
      throw error;
    }
    this.#storedRow = this.#position.stored_row;
    this.#batch = this.#position.batch;
    this.#toRow = this.#position.to_row ?? undefined;
    this.#isLost = this.#position.is_lost === 1;
  }

  /** Names this ledger among all; a part of every batch's deduplication token. */
  get id(): string {
    return this.#position.ledger_id;
  }

  /** All rows below are stored, or are dead letters. */
  get storedRow(): number {
    return this.#storedRow;
  }

  /** Whether it is not known which rows of the log are stored. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Says that it is known again: all rows below `storedRow` are. */
  find(storedRow: number): void {
    this.#database.query("UPDATE position SET stored_row = ?, to_row = NULL, is_lost = 0").run(storedRow);
    this.#remember(storedRow, this.#batch, undefined);
    this.#isLost = false;
  }

  /** The highest batch number that was given out. */
  get lastBatch(): number {
    return this.#batch;
  }

  /** The batch that was sent and is not known to be stored. */
  get openBatch(): OpenBatch | undefined {
    return this.#toRow === undefined
      ? undefined
      : { number: this.#batch, fromRow: this.#storedRow, toRow: this.#toRow };
  }

  /** Fixes the next batch: the rows from `storedRow` up to `toRow`. An open one that never arrived gives way to it. */
  fix(number: number, toRow: number): OpenBatch {
    this.#save(this.#storedRow, number, toRow);
    return { number, fromRow: this.#storedRow, toRow };
  }

  /** Says that all rows below `toRow` are stored. */
  finish(toRow: number): void {
    this.#save(toRow, this.#batch, undefined);
  }

  /** Puts the open batch's only row aside, which finishes it. */
  bury(toRow: number, letter: Omit<DeadLetter, "id">): void {
    this.#database.transaction(() => {
      this.#database
        .query("INSERT INTO dead_letters (rejected_at, reason, row) VALUES (?, ?, ?)")
        .run(letter.rejectedAt, letter.reason, letter.row);
      this.#savePosition(toRow, this.#batch, undefined);
    })();
    this.#remember(toRow, this.#batch, undefined);
  }

  #save(storedRow: number, batch: number, toRow: number | undefined): void {
    this.#savePosition(storedRow, batch, toRow);
    this.#remember(storedRow, batch, toRow);
  }

  #savePosition(storedRow: number, batch: number, toRow: number | undefined): void {
    this.#database
      .query("UPDATE position SET stored_row = ?, batch = ?, to_row = ?")
      .run(storedRow, batch, toRow ?? null);
  }

  #remember(storedRow: number, batch: number, toRow: number | undefined): void {
    this.#storedRow = storedRow;
    this.#batch = batch;
    this.#toRow = toRow;
  }

  /** Dead letters, oldest first. */
  deadLetters(): ReadonlyArray<DeadLetter> {
    return this.#database
      .query<DeadLetter, []>(
        "SELECT id, rejected_at AS rejectedAt, reason, row FROM dead_letters ORDER BY id",
      )
      .all();
  }

  deadLetterCount(): number {
    return this.#database.query<{ n: number }, []>("SELECT count(*) AS n FROM dead_letters").get()?.n ?? 0;
  }

  /** Forgets dead letters. */
  dropDeadLetters(ids: ReadonlyArray<number>): void {
    this.#database.transaction(() => {
      const drop = this.#database.query("DELETE FROM dead_letters WHERE id = ?");
      for (const id of ids) drop.run(id);
    })();
  }

  close(): void {
    this.#database.close();
  }
}
