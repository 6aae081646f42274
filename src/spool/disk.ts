import {
  closeSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlink,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** One open file. Every call but `sync` ends at once; all throw what the system says. */
export interface DiskFile {
  readonly size: () => number;
  /** Writes all of `bytes` at `position`, or throws with some of it written. */
  readonly write: (bytes: Uint8Array, position: number) => void;
  /** Fills `into` from `position` as far as the file goes; bytes read. */
  readonly read: (into: Uint8Array, position: number) => number;
  /** Resolves when what was written survives a power loss. */
  readonly sync: () => Promise<void>;
  readonly truncate: (size: number) => void;
  readonly close: () => void;
}

/** The few things the spool asks of a directory, so that a test can stand in one that fails. */
export interface Disk {
  readonly list: () => ReadonlyArray<string>;
  /** Makes a new file, whose name survives a power loss when this ends. Throws if it is there already. */
  readonly create: (name: string) => DiskFile;
  readonly open: (name: string) => DiskFile;
  readonly rename: (from: string, to: string) => void;
  readonly remove: (name: string) => void;
  /**
   * Removes a file some time soon, if it can be; for large ones, which the system takes long over. The name must never be
   * used again.
   */
  readonly discard: (name: string) => void;
}

const openFile = (path: string, flags: string): DiskFile => {
  const file = openSync(path, flags, 0o600);
  return {
    size: () => fstatSync(file).size,
    write: (bytes, position) => {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(file, bytes, done, bytes.length - done, position + done);
      }
    },
    read: (into, position) => {
      let done = 0;
      while (done < into.length) {
        const more = readSync(file, into, done, into.length - done, position + done);
        if (more === 0) break;
        done += more;
      }
      return done;
    },
    sync: () =>
      new Promise((resolve, reject) =>
        fdatasync(file, (error) => (error === null ? resolve() : reject(error))),
      ),
    truncate: (size) => ftruncateSync(file, size),
    close: () => closeSync(file),
  };
};

const syncDirectory = (directory: string): void => {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
};

/** A directory of the file system, made if it is not there. */
export const openDisk = (directory: string): Disk => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return {
    list: () => readdirSync(directory),
    create: (name) => {
      const file = openFile(join(directory, name), "wx+");
      try {
        syncDirectory(directory);
      } catch (error) {
        file.close();
        unlinkSync(join(directory, name));
        throw error;
      }
      return file;
    },
    open: (name) => openFile(join(directory, name), "r+"),
    rename: (from, to) => {
      renameSync(join(directory, from), join(directory, to));
      syncDirectory(directory);
    },
    remove: (name) => unlinkSync(join(directory, name)),
    // What is left is removed at the next start.
    discard: (name) => unlink(join(directory, name), () => undefined),
  };
};
