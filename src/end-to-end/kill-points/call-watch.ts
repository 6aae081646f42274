import { ptr } from "bun:ffi";
import { closeSync, openSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { openSocketPair, receiveDescriptor } from "./descriptor-passing.ts";
import { libc } from "./libc.ts";
import { type CallKind, type SystemCall, systemCalls } from "./system-calls.ts";

/** A call that changes a file, about to be made. Paths are absolute. */
export interface Call {
  readonly kind: CallKind;
  readonly path: string;
  /** The new name, of a rename or link. */
  readonly to: string | undefined;
}

/** What becomes of a call: it is made, or the process is killed before it. */
export type Decision = "go on" | "kill";

export interface CallWatch {
  /** The end that the launcher is to have as its descriptor 3; closed here once the launcher runs. */
  readonly launcherEnd: number;
  /** Answers the launched process's questions until it has ended; to be called as soon as the launcher runs. */
  readonly run: () => Promise<void>;
}

// <linux/seccomp.h>
const RECEIVE = 0xc050_2100n;
const SEND = 0xc018_2101n;
const QUESTION_BYTES = 80;
const ANSWER_BYTES = 24;
const CONTINUE = 1;
const POLLIN = 1;
const POLL_MS = 1;

const AT_FDCWD = -100;
const PATH_MAX = 4096;

const byNumber = new Map(systemCalls.map((call) => [call.number, call]));

const readMemory = (thread: number, address: number): string => {
  const memory = openSync(`/proc/${thread}/mem`, "r");
  try {
    const bytes = Buffer.alloc(PATH_MAX);
    // A page at a time: the one after the text's end may not exist.
    let length = 0;
    while (length < PATH_MAX) {
      const room = PATH_MAX - ((address + length) % PATH_MAX);
      length += readSync(memory, bytes, length, Math.min(room, PATH_MAX - length), address + length);
      const end = bytes.subarray(0, length).indexOf(0);
      if (end >= 0) return bytes.toString("utf8", 0, end);
    }
    return bytes.toString();
  } finally {
    closeSync(memory);
  }
};

const describe = (
  thread: number,
  { kind, target, to }: SystemCall,
  argument: (i: number) => bigint,
): Call => {
  const descriptor = (index: number) => Number(BigInt.asIntN(32, argument(index)));
  const named = (position: number, relativeTo: number | undefined): string => {
    const text = readMemory(thread, Number(argument(position)));
    if (text.startsWith("/")) return resolve(text);
    const from = relativeTo === undefined ? AT_FDCWD : descriptor(relativeTo);
    return resolve(readlinkSync(`/proc/${thread}/${from === AT_FDCWD ? "cwd" : `fd/${from}`}`), text);
  };
  const path =
    "descriptor" in target
      ? readlinkSync(`/proc/${thread}/fd/${descriptor(target.descriptor)}`)
      : named("opens" in target ? target.opens : target.path, target.relativeTo);
  return { kind, path, to: to === undefined ? undefined : named(to.path, to.relativeTo) };
};

const processOf = (thread: number): number =>
  Number(/^Tgid:\s+(\d+)/m.exec(readFileSync(`/proc/${thread}/status`, "utf8"))?.[1]);

/**
 * Stands between a process and the kernel: `decide` is asked before each of its calls that changes a file, whichever of
 * its threads and libraries makes it, one at a time. Nothing is made slower but these calls.
 */
export const watchCalls = (decide: (describe: () => Call) => Decision): CallWatch => {
  const [own, launcherEnd] = openSocketPair();
  const { poll, ioctl, close } = libc();

  let killed = false;
  const answerOne = (listener: number): void => {
    const question = new DataView(new ArrayBuffer(QUESTION_BYTES));
    // Fails when the thread that asked is gone.
    if (ioctl(listener, RECEIVE, ptr(question)) !== 0 || killed) return;
    const id = question.getBigUint64(0, true);
    const thread = question.getUint32(8, true);
    const known = byNumber.get(question.getInt32(16, true));
    if (known === undefined) throw new Error("A call that was not asked for");
    try {
      const argument = (index: number) => question.getBigUint64(32 + 8 * index, true);
      killed = decide(() => describe(thread, known, argument)) === "kill";
      if (killed) return void process.kill(processOf(thread), "SIGKILL");
    } catch (error) {
      // A descriptor that is not open, a path that cannot be read: the kernel will say so to the caller.
      if (!/ENOENT|EIO|EFAULT|ESRCH|EBADF/.test(String(error))) throw error;
    }
    const answer = new DataView(new ArrayBuffer(ANSWER_BYTES));
    answer.setBigUint64(0, id, true);
    answer.setUint32(20, CONTINUE, true);
    ioctl(listener, SEND, ptr(answer));
  };

  return {
    launcherEnd,
    run: async () => {
      close(launcherEnd);
      const listener = receiveDescriptor(own);
      close(own);
      if (listener === undefined) throw new Error("The launcher has ended before its program began");
      const polled = new DataView(new ArrayBuffer(8));
      polled.setInt32(0, listener, true);
      polled.setInt16(4, POLLIN, true);
      try {
        for (;;) {
          // Waits here and not in the event loop, which has no way to wait for this descriptor.
          if (poll(ptr(polled), 1, POLL_MS) > 0) {
            const events = polled.getInt16(6, true);
            if ((events & POLLIN) === 0) return;
            answerOne(listener);
          }
          await new Promise((next) => setImmediate(next));
        }
      } finally {
        close(listener);
      }
    },
  };
};
