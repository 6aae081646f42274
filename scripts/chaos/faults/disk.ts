import { mkdirSync, statfsSync } from "node:fs";

/** A disk of its own for the data of a run, which can be full. */
export interface Disk {
  /** Leaves room for so many bytes; with 0 the next page that is written fails with ENOSPC. */
  readonly fill: (bytesLeft: number) => boolean;
  readonly empty: () => void;
  readonly close: () => void;
}

const SIZE = "6g";
const PAGE = 4096;

const mount = (...parameters: ReadonlyArray<string>): { readonly ok: boolean; readonly said: string } => {
  const { exitCode, stderr } = Bun.spawnSync(["mount", ...parameters], { stdout: "ignore", stderr: "pipe" });
  return { ok: exitCode === 0, said: stderr.toString().trim().split("\n", 1)[0] ?? "" };
};

/**
 * A tmpfs mounted on `directory`, which takes root. It is filled by shrinking it to what is in it, which is a real ENOSPC
 * for every process at once and needs no ballast in memory. Returns the reason where it cannot be had.
 */
export const mountDisk = (directory: string): Disk | string => {
  mkdirSync(directory, { recursive: true });
  if (process.platform !== "linux") return "a disk that can be full takes Linux";
  const { ok, said } = mount("-t", "tmpfs", "-o", `size=${SIZE}`, "footfall-chaos", directory);
  if (!ok) return `mounting a tmpfs is not permitted (${said})`;
  const remount = (size: string) => mount("-o", `remount,size=${size}`, directory).ok;
  return {
    fill: (bytesLeft) => {
      // What is written between the look and the shrinking makes it fail; the next try sees that.
      for (let attempt = 0; attempt < 20; attempt++) {
        const { bsize, blocks, bfree } = statfsSync(directory);
        const used = (blocks - bfree) * bsize;
        if (remount(String(Math.max(PAGE, used + bytesLeft)))) return true;
      }
      return false;
    },
    empty: () => void remount(SIZE),
    close: () => void Bun.spawnSync(["umount", "-l", directory], { stdout: "ignore", stderr: "ignore" }),
  };
};
