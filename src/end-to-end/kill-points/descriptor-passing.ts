import { ptr } from "bun:ffi";
import { libc } from "./libc.ts";

// <sys/socket.h> of Linux on 64 bits
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CMSG_CLOEXEC = 0x4000_0000;

// A `struct msghdr`, and behind it what it points to: one `struct iovec`, its byte, one `struct cmsghdr`.
const VECTOR_AT = 56;
const BYTE_AT = 72;
const CONTROL_AT = 80;
const DESCRIPTOR_AT = CONTROL_AT + 16;
const END = CONTROL_AT + 24;

/** A message of one byte and one descriptor. */
const makeMessage = (): DataView => {
  const message = new DataView(new ArrayBuffer(END));
  const address = BigInt(ptr(message));
  message.setBigUint64(16, address + BigInt(VECTOR_AT), true);
  message.setBigUint64(24, 1n, true);
  message.setBigUint64(32, address + BigInt(CONTROL_AT), true);
  message.setBigUint64(40, BigInt(END - CONTROL_AT), true);
  message.setBigUint64(VECTOR_AT, address + BigInt(BYTE_AT), true);
  message.setBigUint64(VECTOR_AT + 8, 1n, true);
  message.setBigUint64(CONTROL_AT, BigInt(DESCRIPTOR_AT + 4 - CONTROL_AT), true);
  message.setInt32(CONTROL_AT + 8, SOL_SOCKET, true);
  message.setInt32(CONTROL_AT + 12, SCM_RIGHTS, true);
  return message;
};

/** Two connected sockets; no other process inherits them unless they are handed to it. */
export const openSocketPair = (): readonly [number, number] => {
  const pair = new Int32Array(2);
  if (libc().socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ptr(pair)) !== 0) {
    throw new Error("No pair of sockets could be opened");
  }
  return [pair[0] as number, pair[1] as number];
};

/** What sends a descriptor through a socket, prepared so far that the sending itself is one call of the kernel. */
export const prepareSend = (socket: number): ((descriptor: number) => boolean) => {
  const { sendmsg } = libc();
  const message = makeMessage();
  return (descriptor) => {
    message.setInt32(DESCRIPTOR_AT, descriptor, true);
    return sendmsg(socket, ptr(message), 0) === 1n;
  };
};

/** Waits for the descriptor that the other end sends; undefined when that end closes without one. */
export const receiveDescriptor = (socket: number): number | undefined => {
  const message = makeMessage();
  if (libc().recvmsg(socket, ptr(message), MSG_CMSG_CLOEXEC) !== 1n) return undefined;
  return message.getInt32(DESCRIPTOR_AT, true);
};
