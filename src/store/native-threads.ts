import { availableParallelism } from "node:os";

/**
 * Threads that calls into the embedded engine run on. Bun takes as many as there are cores, at least two, unless
 * `UV_THREADPOOL_SIZE` was set before the process started; setting it later has no effect.
 */
// Not a setting of Footfall but a fact about the running process, hence read here.
const nativeThreads = Number(process.env.UV_THREADPOOL_SIZE) || Math.max(2, availableParallelism());

/**
 * Reads that may run side by side in the embedded engine. Each holds a thread until it ends, so one is left for the
 * writer (and one more, where there are enough, for everything else in the process): a read never holds up an insert.
 */
export const readerSessions = Math.min(4, Math.max(1, nativeThreads - 2));
