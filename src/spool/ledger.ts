import { Database } from "bun:sqlite";

/** A batch that was fixed before it was first sent: the rows from `fromRow` up to `toRow`, under its number. */
export interface OpenBatch {
  readonly number: number;
  readonly fromRow: number;
  readonly toRow: number;
  /** The dead letter that it tries again instead of rows of the log. */
  readonly letter?: DeadLetter;
}

/** One row that ClickHouse will never take, kept for a person to look at. */
export interface DeadLetter {
  readonly id: number;
  /** ISO 8601. */
  readonly rejectedAt: string;
  readonly reason: string;
  /** The encoded row, without its batch number. */
  readonly row: string;
  /** Whether somebody asked for another attempt that was not made yet. */
  readonly retry: boolean;
}

interface LetterRow extends Omit<DeadLetter, "retry"> {
  readonly retry: number;
}

const letterOf = ({ retry, ...letter }: LetterRow): DeadLetter => ({ ...letter, retry: retry === 1 });

const LETTERS = "SELECT id, rejected_at AS rejectedAt, reason, row, retry FROM dead_letters";

/** Why a row became a dead letter, and when (ISO 8601). */
export type Rejected = Pick<DeadLetter, "rejectedAt" | "reason">;

/** The service and a command may write to the ledger at the same time; neither does so for long. */
const BUSY_TIMEOUT_MS = 5000;

interface PositionRow {
  readonly ledger_id: string;
  readonly stored_row: number;
  readonly batch: number;
  readonly to_row: number | null;
  readonly letter: number | null;
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
  #open: OpenBatch | undefined;
  #isLost: boolean;

  /**
   * Opens or makes the ledger; `path` may be ":memory:". Throws if the file is no sound ledger: the caller decides what
   * becomes of it then.
   */
  constructor(path: string, { sync, isLost }: LedgerOptions) {
    this.#database = new Database(path, { create: true, strict: true });
    try {
      this.#database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
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
        letter INTEGER,
        is_lost INTEGER NOT NULL
      )`);
      this.#database.run(`CREATE TABLE IF NOT EXISTS dead_letters (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        rejected_at TEXT NOT NULL,
        reason TEXT NOT NULL,
        row TEXT NOT NULL,
        retry INTEGER NOT NULL DEFAULT 0
      )`);
      this.#database
        .query("INSERT OR IGNORE INTO position VALUES (1, ?, 0, 0, NULL, NULL, ?)")
        .run(crypto.randomUUID(), Number(isLost));
      this.#position = this.#database
        .query<PositionRow, []>("SELECT ledger_id, stored_row, batch, to_row, letter, is_lost FROM position")
        .get() as PositionRow;
    } catch (error) {
      this.#database.close();
      throw error;
    }
    const { stored_row, batch, to_row, letter, is_lost } = this.#position;
    this.#storedRow = stored_row;
    this.#batch = batch;
    this.#isLost = is_lost === 1;
    this.#open =
      to_row === null
        ? undefined
        : { number: batch, fromRow: stored_row, toRow: to_row, ...this.#withLetter(letter) };
  }

  #withLetter(id: number | null): Pick<OpenBatch, "letter"> {
    const found =
      id === null ? null : this.#database.query<LetterRow, [number]>(`${LETTERS} WHERE id = ?`).get(id);
    return found === null ? {} : { letter: letterOf(found) };
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
    this.#database
      .query("UPDATE position SET stored_row = ?, to_row = NULL, letter = NULL, is_lost = 0")
      .run(storedRow);
    this.#storedRow = storedRow;
    this.#open = undefined;
    this.#isLost = false;
  }

  /** The highest batch number that was given out. */
  get lastBatch(): number {
    return this.#batch;
  }

  /** The batch that was sent and is not known to be stored. */
  get openBatch(): OpenBatch | undefined {
    return this.#open;
  }

  /** Fixes the next batch: the rows from `storedRow` up to `toRow`. An open one that never arrived gives way to it. */
  fix(number: number, toRow: number): OpenBatch {
    return this.#fix({ number, fromRow: this.#storedRow, toRow });
  }

  /** Fixes the next batch: a dead letter that is tried again. */
  fixLetter(number: number, letter: DeadLetter): OpenBatch {
    return this.#fix({ number, fromRow: this.#storedRow, toRow: this.#storedRow, letter });
  }

  #fix(open: OpenBatch): OpenBatch {
    this.#database
      .query("UPDATE position SET batch = ?, to_row = ?, letter = ?")
      .run(open.number, open.toRow, open.letter?.id ?? null);
    this.#batch = open.number;
    this.#open = open;
    return open;
  }

  /** Says that all rows below `toRow` are stored, and the open batch's letter if it is one. */
  finish(toRow: number): void {
    const letter = this.#open?.letter;
    this.#close(toRow, () => {
      if (letter !== undefined) this.#database.query("DELETE FROM dead_letters WHERE id = ?").run(letter.id);
    });
  }

  /** Puts the open batch's only row aside, which finishes it; a letter stays one, with its new reason. */
  bury({ toRow, letter }: OpenBatch, { rejectedAt, reason }: Rejected, row: string): void {
    this.#close(toRow, () => {
      if (letter === undefined) {
        this.#database
          .query("INSERT INTO dead_letters (rejected_at, reason, row) VALUES (?, ?, ?)")
          .run(rejectedAt, reason, row);
      } else {
        this.#database
          .query("UPDATE dead_letters SET rejected_at = ?, reason = ?, retry = 0 WHERE id = ?")
          .run(rejectedAt, reason, letter.id);
      }
    });
  }

  #close(storedRow: number, also: () => void): void {
    this.#database.transaction(() => {
      also();
      this.#database.query("UPDATE position SET stored_row = ?, to_row = NULL, letter = NULL").run(storedRow);
    })();
    this.#storedRow = storedRow;
    this.#open = undefined;
  }

  /** The oldest dead letter that somebody asked to try again. */
  letterToRetry(): DeadLetter | undefined {
    const found = this.#database.query<LetterRow, []>(`${LETTERS} WHERE retry = 1 ORDER BY id LIMIT 1`).get();
    return found === null ? undefined : letterOf(found);
  }

  /** Asks for another attempt with these letters; how many of them there are. */
  retryLetters(ids: ReadonlyArray<number>): number {
    return this.#eachLetter("UPDATE dead_letters SET retry = 1 WHERE id = ?", ids);
  }

  /** Dead letters, oldest first. */
  deadLetters(): ReadonlyArray<DeadLetter> {
    return this.#database.query<LetterRow, []>(`${LETTERS} ORDER BY id`).all().map(letterOf);
  }

  deadLetterCount(): number {
    return this.#database.query<{ n: number }, []>("SELECT count(*) AS n FROM dead_letters").get()?.n ?? 0;
  }

  /** Forgets dead letters, but for one that is under way; how many. */
  dropLetters(ids: ReadonlyArray<number>): number {
    return this.#eachLetter(
      "DELETE FROM dead_letters WHERE id = ? AND id NOT IN (SELECT letter FROM position WHERE letter IS NOT NULL)",
      ids,
    );
  }

  /** Leaves nothing of letters that were forgotten in the ledger's files. */
  compact(): void {
    this.#database.run("VACUUM");
    this.#database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  #eachLetter(statement: string, ids: ReadonlyArray<number>): number {
    return this.#database.transaction(() => {
      const query = this.#database.query<never, [number]>(statement);
      return ids.reduce((sum, id) => sum + query.run(id).changes, 0);
    })();
  }

  close(): void {
    this.#database.close();
  }
}
