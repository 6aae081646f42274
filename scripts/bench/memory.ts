import { readFileSync } from "node:fs";

/** Memory of a process in bytes: what it holds, or the most that it ever held. */
export const memoryOf = (pid: number, which: "held" | "peak"): number => {
  const name = which === "held" ? "VmRSS" : "VmHWM";
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN) * 1024;
};
