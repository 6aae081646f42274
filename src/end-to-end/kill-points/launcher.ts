// `bun launcher.ts PROGRAM …` becomes `bun PROGRAM …`, except that the kernel asks whoever holds the other end of
// descriptor 3 before every call that changes a file. That end is sent the descriptor of the questions.
import { ptr } from "bun:ffi";
import { constants } from "node:os";
import { prepareSend } from "./descriptor-passing.ts";
import { filterProgram } from "./filter.ts";
import { libc } from "./libc.ts";

// <linux/prctl.h>, <linux/seccomp.h>
const PR_SET_PDEATHSIG = 1;
const PR_SET_NO_NEW_PRIVS = 38;
const SYS_SECCOMP = 317;
const SECCOMP_SET_MODE_FILTER = 1;
const NEW_LISTENER = 1 << 3;
// Else a signal could cut a call's question short, and the call would be made, and counted, again.
const WAIT_KILLABLE = 1 << 5;

const SUPERVISOR = 3;
const INSTRUCTION_BYTES = 8;

const fail = (what: string): never => {
  console.error(what);
  process.exit(1);
};

const textPointers = (texts: ReadonlyArray<string>) => {
  const buffers = texts.map((text) => Buffer.from(`${text}\0`));
  const pointers = new BigUint64Array(buffers.length + 1);
  for (const [index, buffer] of buffers.entries()) pointers[index] = BigInt(ptr(buffer));
  return { buffers, pointers };
};

const { prctl, syscall, execve, close } = libc();
const program = filterProgram();
const description = new DataView(new ArrayBuffer(16));
description.setUint16(0, program.length / INSTRUCTION_BYTES, true);
description.setBigUint64(8, BigInt(ptr(program)), true);
const file = textPointers([process.execPath]);
const command = textPointers([process.execPath, ...process.argv.slice(2)]);
const environment = textPointers(
  Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])),
);
const send = prepareSend(SUPERVISOR);

// Nobody would answer its questions any more.
prctl(PR_SET_PDEATHSIG, constants.signals.SIGKILL, 0, 0, 0);
if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0) fail("The kernel does not let a process give up rights");
const flags = NEW_LISTENER | WAIT_KILLABLE;
const listener = Number(syscall(SYS_SECCOMP, SECCOMP_SET_MODE_FILTER, flags, ptr(description)));
if (listener < 0)
  fail("The kernel does not let a process be asked about its calls (Linux 5.19 or newer does)");
// From here on this thread must not change a file before the descriptor has arrived: nobody would answer.
send(listener);
close(SUPERVISOR);
execve(ptr(file.buffers[0] as Buffer), ptr(command.pointers), ptr(environment.pointers));
fail("The program could not be started");
