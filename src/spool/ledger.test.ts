import { afterEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DeadLetter, Ledger } from "./ledger.ts";
import { type OpenedLedger, openLedger } from "./open-ledger.ts";

const directories: Array<string> = [];
const temporaryDirectory = () => {
  const directory = mkdtempSync(join(tmpdir(), "footfall-ledger-"));
  directories.push(directory);
  return directory;
};
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

const rejected = (n: number) => ({ rejectedAt: "2026-11-21T12:00:00.000Z", reason: `reason ${n}` });

const known = { sync: true, isLost: false };

describe("a ledger", () => {
  test("knows after a restart what it knew before: the rows that are stored and the batch under way", () => {
    const path = join(temporaryDirectory(), "ledger");
    const first = new Ledger(path, known);
    expect([first.storedRow, first.lastBatch, first.openBatch, first.isLost]).toEqual([
      0,
      0,
      undefined,
      false,
    ]);
    expect(first.fix(7, 30)).toEqual({ number: 7, fromRow: 0, toRow: 30 });
    // Not closed: a process that was killed does not close it either.
    const second = new Ledger(path, known);
    expect(second.openBatch).toEqual({ number: 7, fromRow: 0, toRow: 30 });
    second.finish(30);
    const third = new Ledger(path, known);
    expect([third.storedRow, third.lastBatch, third.openBatch]).toEqual([30, 7, undefined]);
    expect([second.id, third.id]).toEqual([first.id, first.id]);
    expect(new Ledger(":memory:", known).id).not.toBe(first.id);
    for (const ledger of [first, second, third]) ledger.close();
  });

  test("puts a row aside and finishes its batch in one step, and keeps it until it is dropped", () => {
    const path = join(temporaryDirectory(), "ledger");
    const ledger = new Ledger(path, known);
    for (let n = 1; n <= 3; n++) ledger.bury(ledger.fix(n, n), rejected(n), `[${n}]`);
    expect([ledger.storedRow, ledger.openBatch, ledger.deadLetterCount()]).toEqual([3, undefined, 3]);
    expect(ledger.dropLetters([1, 3, 99])).toBe(2);
    const next = new Ledger(path, known);
    expect(next.deadLetters()).toEqual([{ id: 2, ...rejected(2), row: "[2]", retry: false }]);
    next.bury(next.fix(4, 4), rejected(4), "[4]");
    // A number that was dropped is not given to another row.
    expect(next.deadLetters().map(({ id }) => id)).toEqual([2, 4]);
    ledger.close();
    next.close();
  });

  test("has nothing of a letter in its files once it was dropped and the ledger is compact", () => {
    const directory = temporaryDirectory();
    const ledger = new Ledger(join(directory, "ledger"), known);
    const isThere = () =>
      readdirSync(directory).some((name) => readFileSync(join(directory, name)).includes("secret"));
    for (let n = 1; n <= 50; n++) {
      ledger.bury(ledger.fix(n, n), rejected(n), `[${n},"${n === 7 ? "secret" : "x"}${"y".repeat(500)}"]`);
    }
    ledger.dropLetters([7]);
    expect(isThere()).toBe(true);
    ledger.compact();
    expect(isThere()).toBe(false);
    expect(ledger.deadLetterCount()).toBe(49);
    ledger.close();
  });

  test("tries a dead letter again as a batch of its own, which a restart goes on with", () => {
    const path = join(temporaryDirectory(), "ledger");
    const ledger = new Ledger(path, known);
    for (let n = 1; n <= 3; n++) ledger.bury(ledger.fix(n, n), rejected(n), `[${n}]`);
    // As another process does.
    const command = new Ledger(path, known);
    expect([command.retryLetters([1, 3, 99]), ledger.letterToRetry()?.id]).toEqual([2, 1]);
    const first = ledger.letterToRetry() as DeadLetter;
    ledger.fixLetter(4, first);
    const next = new Ledger(path, known);
    expect(next.openBatch).toEqual({ number: 4, fromRow: 3, toRow: 3, letter: first });
    // What is under way cannot be forgotten.
    expect(command.dropLetters([1])).toBe(0);
    next.finish(3);
    expect([next.storedRow, next.openBatch, next.letterToRetry()?.id]).toEqual([3, undefined, 3]);
    next.bury(next.fixLetter(5, next.letterToRetry() as DeadLetter), rejected(9), "not used");
    expect(next.letterToRetry()).toBeUndefined();
    expect(next.deadLetters()).toEqual([
      { id: 2, ...rejected(2), row: "[2]", retry: false },
      { id: 3, ...rejected(9), row: "[3]", retry: false },
    ]);
    for (const one of [ledger, command, next]) one.close();
  });

  test("that was lost says so until the position was found, also after a restart", () => {
    const path = join(temporaryDirectory(), "ledger");
    new Ledger(path, { sync: true, isLost: true }).close();
    const ledger = new Ledger(path, known);
    expect(ledger.isLost).toBe(true);
    ledger.find(12);
    expect([ledger.isLost, ledger.storedRow]).toEqual([false, 12]);
    const next = new Ledger(path, known);
    expect([next.isLost, next.storedRow]).toEqual([false, 12]);
    ledger.close();
    next.close();
  });
});

describe("opening the ledger of a directory", () => {
  const closing = ({ ledger, setAside }: OpenedLedger) => {
    const { isLost, storedRow } = ledger;
    ledger.close();
    return { isLost, storedRow, setAside };
  };
  const made = (directory: string) => {
    const { ledger } = openLedger(directory, true, false);
    ledger.fix(1, 5);
    ledger.finish(5);
    ledger.close();
    return join(directory, "ledger.sqlite");
  };

  test("makes a new one where there is nothing", () => {
    const directory = join(temporaryDirectory(), "spool");
    expect(closing(openLedger(directory, true, false))).toEqual({
      isLost: false,
      storedRow: 0,
      setAside: undefined,
    });
    expect(existsSync(join(directory, "ledger.sqlite"))).toBe(true);
  });

  test("a new one beside a log has lost its position", () => {
    expect(closing(openLedger(temporaryDirectory(), true, true)).isLost).toBe(true);
  });

  test("takes up an old one", () => {
    const directory = temporaryDirectory();
    made(directory);
    expect(closing(openLedger(directory, true, true))).toEqual({
      isLost: false,
      storedRow: 5,
      setAside: undefined,
    });
  });

  test("one that is damaged is set aside, each under a name of its own", () => {
    const directory = temporaryDirectory();
    const path = made(directory);
    for (const name of ["ledger.sqlite.damaged", "ledger.sqlite.2.damaged"]) {
      for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
      writeFileSync(path, Buffer.alloc(8192, "not a database"));
      expect(closing(openLedger(directory, true, true))).toEqual({
        isLost: true,
        storedRow: 0,
        setAside: join(directory, name),
      });
      expect(readdirSync(directory)).toContain(name);
    }
  });

  test("one whose pages are damaged is set aside too", () => {
    const directory = temporaryDirectory();
    const path = made(directory);
    for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
    truncateSync(path, 5000);
    const opened = closing(openLedger(directory, true, true));
    expect([opened.isLost, opened.setAside !== undefined]).toEqual([true, true]);
  });
});
