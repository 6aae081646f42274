import type { Disk, DiskFile } from "./disk.ts";

const STEP_BYTES = 1024 * 1024;

class MemoryFile implements DiskFile {
  #bytes = Buffer.alloc(0);
  #size = 0;

  size = () => this.#size;

  write = (bytes: Uint8Array, position: number) => {
    const end = position + bytes.length;
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(end, this.#bytes.length * 2, STEP_BYTES));
      this.#bytes.copy(larger, 0, 0, this.#size);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, position);
    this.#size = Math.max(this.#size, end);
  };

  read = (into: Uint8Array, position: number) => {
    const from = this.#bytes.subarray(position, Math.min(this.#size, position + into.length));
    into.set(from);
    return from.length;
  };

  sync = () => Promise.resolve();

  truncate = (size: number) => {
    this.#size = size;
  };

  close = () => {};
}

/** A directory that is gone with the process. */
export const memoryDisk = (): Disk => {
  const files = new Map<string, MemoryFile>();
  const existing = (name: string): MemoryFile => {
    const file = files.get(name);
    if (file === undefined) throw new Error(`There is no ${name}`);
    return file;
  };
  return {
    list: () => [...files.keys()],
    create: (name) => {
      if (files.has(name)) throw new Error(`${name} is there already`);
      const file = new MemoryFile();
      files.set(name, file);
      return file;
    },
    open: existing,
    rename: (from, to) => {
      files.set(to, existing(from));
      files.delete(from);
    },
    remove: (name) => {
      existing(name);
      files.delete(name);
    },
    discard: (name) => {
      files.delete(name);
    },
  };
};
