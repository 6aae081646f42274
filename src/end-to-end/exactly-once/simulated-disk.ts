import type { Disk, DiskFile } from "../../spool/disk.ts";
import { memoryDisk } from "../../spool/memory-disk.ts";
import { SimulatedFile, type Survival } from "./simulated-file.ts";
import type { SimulatedTime } from "./simulated-time.ts";

/** What a disk can refuse. `write` leaves half of what was to be written, as a disk does that is full. */
export type DiskFault = "create" | "write" | "sync" | "truncate" | "remove";

const SYNC_MS = 2;

/** The directory as one process has it. */
interface Mount {
  isGone: boolean;
  /** Ends the syncs under way. */
  readonly giveUp: Set<() => void>;
}

class Gone extends Error {
  override message = "The process that opened this is gone";
}

/**
 * A directory that outlives its processes. Names are kept as a file system with a journal keeps them: in the order of
 * the changes, and for certain after the next file was made.
 */
export class SimulatedDisk {
  readonly #time: SimulatedTime;
  readonly #files = new Map<string, SimulatedFile>();
  /** Removed, but not for certain. */
  #removed: Array<readonly [name: string, file: SimulatedFile]> = [];
  #faults: ReadonlySet<DiskFault> = new Set();
  #mounted: Mount | undefined;

  constructor(time: SimulatedTime) {
    this.#time = time;
  }

  fail(faults: ReadonlyArray<DiskFault>): void {
    this.#faults = new Set([...this.#faults, ...faults]);
  }

  heal(): void {
    this.#faults = new Set();
  }

  #meet(fault: DiskFault): void {
    this.#time.stir();
    if (this.#faults.has(fault)) throw new Error(`ENOSPC: no space left on device, ${fault}`);
  }

  #use(mount: Mount, file: SimulatedFile): DiskFile {
    const here = () => {
      if (mount.isGone) throw new Gone();
    };
    return {
      size: () => file.content.length,
      write: (bytes, position) => {
        here();
        try {
          this.#meet("write");
        } catch (error) {
          file.write(bytes.subarray(0, bytes.length >> 1), position);
          throw error;
        }
        file.write(bytes, position);
      },
      read: (into, position) => {
        const from = file.content.subarray(position, position + into.length);
        into.set(from);
        return from.length;
      },
      sync: () =>
        new Promise((resolve, reject) => {
          here();
          const endSync = file.beginSync();
          const giveUp = () => reject(new Gone());
          mount.giveUp.add(giveUp);
          this.#time.after(SYNC_MS, () => {
            if (!mount.giveUp.delete(giveUp)) return;
            try {
              this.#meet("sync");
            } catch (error) {
              endSync(false);
              reject(error);
              return;
            }
            endSync(true);
            resolve();
          });
        }),
      truncate: (size) => {
        here();
        this.#meet("truncate");
        file.truncate(size);
      },
      close: () => {},
    };
  }

  /** The directory as a process sees it that starts now. The one before it is over. */
  mount(): Disk {
    this.leave();
    const mount: Mount = { isGone: false, giveUp: new Set() };
    this.#mounted = mount;
    for (const file of this.#files.values()) file.reopen();
    const existing = (name: string) => {
      const file = this.#files.get(name);
      if (file === undefined) throw new Error(`ENOENT: ${name}`);
      return file;
    };
    const here = () => {
      if (mount.isGone) throw new Gone();
    };
    const remove = (name: string) => {
      here();
      this.#meet("remove");
      this.#removed.push([name, existing(name)]);
      this.#files.delete(name);
    };
    return {
      list: () => [...this.#files.keys()],
      create: (name) => {
        here();
        this.#meet("create");
        if (this.#files.has(name)) throw new Error(`EEXIST: ${name}`);
        const file = new SimulatedFile();
        this.#files.set(name, file);
        this.#removed = [];
        return this.#use(mount, file);
      },
      open: (name) => this.#use(mount, existing(name)),
      rename: (from, to) => {
        here();
        this.#meet("create");
        this.#files.set(to, existing(from));
        this.#files.delete(from);
        this.#removed = [];
      },
      remove,
      discard: (name) => {
        try {
          remove(name);
        } catch {
          // It stays.
        }
      },
    };
  }

  /** The process ends; what it wrote stays. */
  leave(): void {
    if (this.#mounted === undefined) return;
    this.#mounted.isGone = true;
    for (const giveUp of this.#mounted.giveUp) giveUp();
    this.#mounted.giveUp.clear();
  }

  /** The power goes. */
  losePower(survival: Survival): void {
    this.leave();
    const { what, part } = survival;
    const share = what === "all" ? 1 : what === "nothing" ? 0 : part;
    const kept = Math.round(share * this.#removed.length);
    for (const [name, file] of this.#removed.slice(kept)) {
      if (!this.#files.has(name)) this.#files.set(name, file);
    }
    this.#removed = [];
    for (const file of this.#files.values()) file.losePower(survival);
  }

  /** The same files on a disk of its own, as the next process will find them. */
  copy(): Disk {
    const disk = memoryDisk();
    for (const [name, { content }] of this.#files) disk.create(name).write(content, 0);
    return disk;
  }

  /** Whether a text stands in a file, synced or (with `isSynced` false) only written. */
  holds(text: string, isSynced: boolean): boolean {
    return [...this.#files.values()].some(({ synced, content }) =>
      (isSynced ? synced : content).includes(text),
    );
  }
}
