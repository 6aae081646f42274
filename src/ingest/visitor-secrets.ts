import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

export const dayMs = 86_400_000;
const retryMs = 60_000;

/** The installation's key and the salts of the days that are still alive, kept in one small file. */
export interface VisitorSecrets {
  /** 32 random bytes, made once. */
  readonly installation: Uint8Array;
  /** The 32 random bytes of a UTC day (epoch days), made when first asked for. `time` is now, epoch ms. */
  readonly salt: (day: number, time: number) => Uint8Array;
  /** Destroys the salts of days other than yesterday, today and tomorrow (a clock may go back a little). */
  readonly prune: (time: number) => void;
  readonly problem: () => Error | undefined;
}

interface Content {
  readonly installation: Uint8Array;
  readonly salts: Map<number, Uint8Array>;
}

const fileName = "visitor-keys.json";
const random = (): Uint8Array => crypto.getRandomValues(new Uint8Array(32));

const keyOf = (value: unknown): Uint8Array => {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value))
    throw new Error("a key is not 64 hexadecimal digits");
  return Uint8Array.fromHex(value);
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

const parse = (text: string): Content => {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value) || value.version !== 1 || !isRecord(value.salts))
    throw new Error("it is not a file of version 1");
  const salts = new Map<number, Uint8Array>();
  for (const [date, salt] of Object.entries(value.salts)) {
    const time = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(date) : Number.NaN;
    if (Number.isNaN(time)) throw new Error(`"${date}" is not a date`);
    salts.set(time / dayMs, keyOf(salt));
  }
  return { installation: keyOf(value.installation), salts };
};

const write = (directory: string, content: Content): void => {
  const salts = [...content.salts].map(([day, salt]) => [
    new Date(day * dayMs).toISOString().slice(0, 10),
    salt.toHex(),
  ]);
  const text = JSON.stringify({
    version: 1,
    installation: content.installation.toHex(),
    salts: Object.fromEntries(salts),
  });
  // Renamed into place, so that a crash leaves either the old keys or the new ones; forced to the disk first, because
  // an answered visitor's number must still be the same after power comes back.
  const file = join(directory, fileName);
  const draft = `${file}.new`;
  const handle = openSync(draft, "w", 0o600);
  try {
    writeSync(handle, `${text}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, file);
  const entry = openSync(directory, "r");
  try {
    fsyncSync(entry);
  } finally {
    closeSync(entry);
  }
};

const isMissing = (error: unknown): boolean => isRecord(error) && error.code === "ENOENT";

const read = (directory: string): Content => {
  try {
    return parse(readFileSync(join(directory, fileName), "utf8"));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const made: Content = { installation: random(), salts: new Map() };
  mkdirSync(directory, { recursive: true });
  write(directory, made);
  return made;
};

/** Opens or makes the file; see `openVisitorKeys` for what it guards and when this throws. `time` is now, epoch ms. */
export const openVisitorSecrets = (directory: string, time: number): VisitorSecrets => {
  let content: Content;
  try {
    content = read(directory);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The visitor keys ${join(directory, fileName)} cannot be used: ${reason}`, { cause });
  }
  const { installation, salts } = content;
  let unsaved = false;
  let nextTry = 0;
  let problem: Error | undefined;

  /** A full disk must not stop events, so the salts stay in memory and are written a minute later. */
  const save = (at: number): void => {
    if (!unsaved || at < nextTry) return;
    try {
      write(directory, content);
      unsaved = false;
      problem = undefined;
    } catch (cause) {
      nextTry = at + retryMs;
      problem = new Error(`The visitor keys ${join(directory, fileName)} cannot be written`, { cause });
    }
  };

  const prune = (at: number): void => {
    const today = Math.floor(at / dayMs);
    for (const [day, salt] of salts) {
      if (Math.abs(day - today) <= 1) continue;
      salt.fill(0);
      salts.delete(day);
      unsaved = true;
    }
    save(at);
  };

  prune(time);
  return {
    installation,
    salt: (day, at) => {
      const known = salts.get(day);
      if (known !== undefined) return known;
      const made = random();
      salts.set(day, made);
      unsaved = true;
      save(at);
      return made;
    },
    prune,
    problem: () => problem,
  };
};
