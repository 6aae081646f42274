import { constants } from "node:fs";
import { AUDIT_ARCH_X86_64, systemCalls, unseenCalls } from "./system-calls.ts";

// <linux/bpf_common.h>, <linux/seccomp.h>
const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;
const ALLOW = 0x7fff_0000;
const NOTIFY = 0x7fc0_0000;
const FAIL = 0x0005_0000;
const ENOSYS = 38;

const INSTRUCTION_BYTES = 8;
const NUMBER_AT = 0;
const ARCH_AT = 4;
const argumentAt = (index: number) => 16 + 8 * index;

const OPENS_TO_CHANGE = constants.O_CREAT | constants.O_TRUNC;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/**
 * The program by which the kernel lets a process ask before every call that changes a file, as the bytes of an array of
 * `struct sock_filter`. Opening a file is asked for only where it may make or empty it.
 */
export const filterProgram = (): Uint8Array => {
  const program: ReadonlyArray<Instruction> = [
    [LOAD, 0, 0, ARCH_AT],
    [JUMP_EQUAL, 1, 0, AUDIT_ARCH_X86_64],
    [RETURN, 0, 0, ALLOW],
    [LOAD, 0, 0, NUMBER_AT],
    ...unseenCalls.flatMap(
      (number): ReadonlyArray<Instruction> => [
        [JUMP_EQUAL, 0, 1, number],
        [RETURN, 0, 0, FAIL | ENOSYS],
      ],
    ),
    ...systemCalls.flatMap(
      ({ number, target }): ReadonlyArray<Instruction> =>
        "flags" in target
          ? [
              [JUMP_EQUAL, 0, 4, number],
              [LOAD, 0, 0, argumentAt(target.flags)],
              [JUMP_ANY_BIT, 0, 1, OPENS_TO_CHANGE],
              [RETURN, 0, 0, NOTIFY],
              [RETURN, 0, 0, ALLOW],
            ]
          : [
              [JUMP_EQUAL, 0, 1, number],
              [RETURN, 0, 0, NOTIFY],
            ],
    ),
    [RETURN, 0, 0, ALLOW],
  ];
  const bytes = new Uint8Array(program.length * INSTRUCTION_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    const at = index * INSTRUCTION_BYTES;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, ifTrue);
    view.setUint8(at + 3, ifFalse);
    view.setUint32(at + 4, value, true);
  }
  return bytes;
};
