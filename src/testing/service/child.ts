import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The service as an operator runs it: `bun src/main.ts` in a process of its own. */
export interface RunningService extends AsyncDisposable {
  readonly url: string;
  readonly adminKey: string;
  readonly pid: number;
  readonly dataDir: string;
  /** From the start of the process to the line that it is ready. */
  readonly startedWithinMs: number;
  /** Everything it has printed so far, both streams. */
  readonly output: () => string;
  /** Memory that it occupies now. */
  readonly residentBytes: () => number;
  /** Sends a signal without waiting for anything. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Sends a signal and waits for the end; resolves with the exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number>;
  /** Ends it at once, as a crash would; its data directory stays until the object is disposed of. */
  readonly kill: () => Promise<void>;
}

export interface ServiceOptions {
  /** Settings of the service. Without `DATA_DIR` it has a temporary one, and there are no rate limits unless they are set. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further command-line arguments. */
  readonly arguments?: ReadonlyArray<string>;
  /** A script that becomes the program in its arguments, and a descriptor that it inherits as its number 3. */
  readonly launcher?: { readonly script: string; readonly descriptor: number };
}

const START_DEADLINE_MS = 20_000;

const main = join(import.meta.dir, "../../main.ts");

// Only what a process needs: settings that stand in the environment of the tests are not those of the service.
const bareEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    ["PATH", "HOME", "TMPDIR"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

const collect = async (stream: ReadableStream<Uint8Array>, add: (text: string) => void) => {
  const decoder = new TextDecoder();
  for await (const part of stream) add(decoder.decode(part, { stream: true }));
};

const residentBytes = (pid: number): number => {
  const kilobytes =
    process.platform === "linux"
      ? /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
      : Bun.spawnSync(["ps", "-o", "rss=", "-p", String(pid)]).stdout.toString();
  return Number(kilobytes) * 1024;
};

const spawn = (options: ServiceOptions) => {
  const { env = {}, launcher } = options;
  const temporary = env.DATA_DIR === undefined ? mkdtempSync(join(tmpdir(), "footfall-service-")) : undefined;
  const dataDir = env.DATA_DIR ?? temporary ?? "";
  const startedAt = performance.now();
  const child = Bun.spawn({
    cmd: [
      process.execPath,
      ...(launcher === undefined ? [] : [launcher.script]),
      main,
      ...(options.arguments ?? []),
    ],
    // Not the checkout, whose `.env` file may hold somebody's settings.
    cwd: tmpdir(),
    env: {
      ...bareEnvironment(),
      ...{ PORT: "0", HOST: "127.0.0.1", RATE_LIMIT_PER_MINUTE: "0", RATE_LIMIT_EVENTS_PER_MINUTE: "0" },
      ...env,
      DATA_DIR: dataDir,
    },
    stdio: ["ignore", "pipe", "pipe", ...(launcher === undefined ? [] : [launcher.descriptor])],
  });
  const printed = { stdout: "", stderr: "", all: "" };
  const ended = Promise.all([
    child.exited,
    collect(child.stdout, (text) => {
      printed.stdout += text;
      printed.all += text;
    }),
    collect(child.stderr, (text) => {
      printed.stderr += text;
      printed.all += text;
    }),
  ]).then(([code]) => code);
  const removeDirectory = () => {
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  };
  return { child, dataDir, startedAt, printed, ended, removeDirectory };
};

/** Starts the service on a free port of the loopback; resolves once it says that it is ready. */
export const startService = async (options: ServiceOptions = {}): Promise<RunningService> => {
  const { child, dataDir, startedAt, printed, ended, removeDirectory } = spawn(options);
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  const address = () => /Demo page\s+(http\S+)\/demo\n[\s\S]*ClickHouse .*\n/.exec(printed.stdout)?.[1];
  while (address() === undefined) {
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    if (hasEnded || performance.now() - startedAt > START_DEADLINE_MS) {
      await kill();
      removeDirectory();
      throw new Error(`The service did not start:\n${printed.all}`);
    }
    await Promise.race([ended, Bun.sleep(5)]);
  }
  const startedWithinMs = performance.now() - startedAt;
  return {
    url: address() ?? "",
    adminKey: options.env?.ADMIN_API_KEY ?? readFileSync(join(dataDir, "admin.key"), "utf8").trim(),
    pid: child.pid,
    dataDir,
    startedWithinMs,
    output: () => printed.all,
    residentBytes: () => residentBytes(child.pid),
    signal: (signal) => child.kill(signal),
    stop: (signal = "SIGTERM") => {
      child.kill(signal);
      return ended;
    },
    kill,
    [Symbol.asyncDispose]: async () => {
      await kill();
      removeDirectory();
    },
  };
};

export interface EndedService {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** For a service that is not going to run: starts it and waits for its end. */
export const runService = async (options: ServiceOptions = {}): Promise<EndedService> => {
  const { child, printed, ended, removeDirectory } = spawn(options);
  const deadline = setTimeout(() => child.kill("SIGKILL"), START_DEADLINE_MS);
  const exitCode = await ended;
  clearTimeout(deadline);
  removeDirectory();
  return { exitCode, stdout: printed.stdout, stderr: printed.stderr };
};
