/** What a system call does to the files of a directory. */
export type CallKind = "create" | "write" | "sync" | "rename" | "link" | "remove" | "truncate" | "directory";

/** Where a call says which file it is about: by a descriptor, or by a path that may be relative to one. */
export type CallTarget =
  | { readonly descriptor: number }
  | { readonly path: number; readonly relativeTo?: number }
  | { readonly opens: number; readonly flags: number; readonly relativeTo?: number };

export interface SystemCall {
  readonly number: number;
  readonly kind: CallKind;
  /** Positions among the call's arguments. */
  readonly target: CallTarget;
  /** The new name, for a call that has two. */
  readonly to?: { readonly path: number; readonly relativeTo?: number };
}

/** `openat2` and `io_uring_setup`: what they would do cannot be seen, so they are answered as by a kernel without them. */
export const unseenCalls = [437, 425] as const;

/** `struct seccomp_data.arch` of x86-64, to which the numbers below belong. */
export const AUDIT_ARCH_X86_64 = 0xc000_003e;

/** The calls of Linux on x86-64 that make, change, rename or remove a certain file, or wait until it is on the disk. */
export const systemCalls: ReadonlyArray<SystemCall> = [
  { number: 1, kind: "write", target: { descriptor: 0 } }, // write
  { number: 18, kind: "write", target: { descriptor: 0 } }, // pwrite64
  { number: 20, kind: "write", target: { descriptor: 0 } }, // writev
  { number: 296, kind: "write", target: { descriptor: 0 } }, // pwritev
  { number: 328, kind: "write", target: { descriptor: 0 } }, // pwritev2
  { number: 40, kind: "write", target: { descriptor: 0 } }, // sendfile
  { number: 275, kind: "write", target: { descriptor: 2 } }, // splice
  { number: 326, kind: "write", target: { descriptor: 2 } }, // copy_file_range
  { number: 2, kind: "create", target: { opens: 0, flags: 1 } }, // open
  { number: 257, kind: "create", target: { opens: 1, flags: 2, relativeTo: 0 } }, // openat
  { number: 85, kind: "create", target: { path: 0 } }, // creat
  { number: 74, kind: "sync", target: { descriptor: 0 } }, // fsync
  { number: 75, kind: "sync", target: { descriptor: 0 } }, // fdatasync
  { number: 277, kind: "sync", target: { descriptor: 0 } }, // sync_file_range
  { number: 306, kind: "sync", target: { descriptor: 0 } }, // syncfs
  { number: 82, kind: "rename", target: { path: 0 }, to: { path: 1 } }, // rename
  {
    number: 264, // renameat
    kind: "rename",
    target: { path: 1, relativeTo: 0 },
    to: { path: 3, relativeTo: 2 },
  },
  {
    number: 316, // renameat2
    kind: "rename",
    target: { path: 1, relativeTo: 0 },
    to: { path: 3, relativeTo: 2 },
  },
  { number: 86, kind: "link", target: { path: 0 }, to: { path: 1 } }, // link
  {
    number: 265, // linkat
    kind: "link",
    target: { path: 1, relativeTo: 0 },
    to: { path: 3, relativeTo: 2 },
  },
  { number: 88, kind: "link", target: { path: 1 } }, // symlink
  { number: 266, kind: "link", target: { path: 2, relativeTo: 1 } }, // symlinkat
  { number: 87, kind: "remove", target: { path: 0 } }, // unlink
  { number: 263, kind: "remove", target: { path: 1, relativeTo: 0 } }, // unlinkat
  { number: 84, kind: "remove", target: { path: 0 } }, // rmdir
  { number: 76, kind: "truncate", target: { path: 0 } }, // truncate
  { number: 77, kind: "truncate", target: { descriptor: 0 } }, // ftruncate
  { number: 285, kind: "truncate", target: { descriptor: 0 } }, // fallocate
  { number: 83, kind: "directory", target: { path: 0 } }, // mkdir
  { number: 258, kind: "directory", target: { path: 1, relativeTo: 0 } }, // mkdirat
];
