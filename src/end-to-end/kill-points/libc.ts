import { dlopen } from "bun:ffi";

const open = () =>
  dlopen("libc.so.6", {
    close: { args: ["i32"], returns: "i32" },
    execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
    ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
    poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
    prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
    recvmsg: { args: ["i32", "ptr", "i32"], returns: "i64" },
    sendmsg: { args: ["i32", "ptr", "i32"], returns: "i64" },
    socketpair: { args: ["i32", "i32", "i32", "ptr"], returns: "i32" },
    syscall: { args: ["i64", "u64", "u64", "ptr"], returns: "i64" },
  }).symbols;

let opened: ReturnType<typeof open> | undefined;

/** The C library's functions that JavaScript has no other way to; opened at their first use. */
export const libc = (): ReturnType<typeof open> => {
  opened ??= open();
  return opened;
};
