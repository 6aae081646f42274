import { expect, test } from "bun:test";
import { Duration, Effect, Exit, Fiber, Layer, Logger, Scope } from "effect";
import { layerMetrics } from "../metrics/metrics.ts";
import { fastClock } from "../testing/service/fast-clock.ts";
import type { Disk, DiskFile } from "./disk.ts";
import type { SpoolRefusal } from "./event-queue.ts";
import { Ledger } from "./ledger.ts";
import { memoryDisk } from "./memory-disk.ts";
import { segmentNames } from "./segment.ts";
import { makeSpool, type SpoolParts } from "./spool.ts";

/** A disk whose calls can be counted, held back and made to fail. */
const troubledDisk = () => {
  const disk = memoryDisk();
  const trouble = {
    writes: 0,
    syncs: 0,
    failWrite: undefined as Error | undefined,
    failSync: undefined as Error | undefined,
    /** A sync waits for it. */
    hold: Promise.resolve(),
  };
  const troubled = (file: DiskFile): DiskFile => ({
    ...file,
    write: (bytes, position) => {
      trouble.writes++;
      if (trouble.failWrite !== undefined) throw trouble.failWrite;
      file.write(bytes, position);
    },
    sync: async () => {
      trouble.syncs++;
      await trouble.hold;
      if (trouble.failSync !== undefined) throw trouble.failSync;
      await file.sync();
    },
  });
  return {
    trouble,
    disk: { ...disk, create: (name) => troubled(disk.create(name)) } satisfies Disk as Disk,
  };
};

const ground = Layer.mergeAll(layerMetrics, Logger.remove(Logger.defaultLogger), fastClock(20));

/** A spool of its own; `close` ends it as a stop of the service does. */
const openSpool = async (parts: Partial<SpoolParts> = {}) => {
  const scope = Effect.runSync(Scope.make());
  const ledger = parts.ledger ?? new Ledger(":memory:", { sync: false, isLost: false });
  const spool = await Effect.runPromise(
    makeSpool({ disk: memoryDisk(), ledger, sync: true, maxBytes: 1e9, maxWaiting: 1000, ...parts }).pipe(
      Scope.extend(scope),
      Effect.provide(ground),
    ),
  );
  return {
    ...spool,
    add: (name: string, count = 1) =>
      new Promise<SpoolRefusal | undefined>((settle) =>
        spool.append({ count, rows: Buffer.from(`["${name}"]\n`.repeat(count)), settle }),
      ),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void)),
    text: () => {
      let text = "";
      for (let row = ledger.storedRow; ; ) {
        const found = spool.log.read(row, { maxRows: 100, maxBytes: 1e6 });
        if (found === undefined)
          return text
            .replaceAll(/[^\w\n]/g, "")
            .trim()
            .split("\n");
        text += found.rows.toString();
        row = found.endRow;
      }
    },
  };
};

test("rows are durable when they are answered, in the order they came", async () => {
  const { trouble, disk } = troubledDisk();
  const spool = await openSpool({ disk });
  let release = () => {};
  trouble.hold = new Promise((resolve) => {
    release = resolve;
  });
  const answered: Array<string> = [];
  const all = ["a", "b", "c"].map((name) => spool.add(name).then(() => void answered.push(name)));
  await Bun.sleep(20);
  expect([answered, spool.state().committing, spool.state().waiting]).toEqual([[], 3, 0]);
  release();
  await Promise.all(all);
  expect([answered, spool.text()]).toEqual([
    ["a", "b", "c"],
    ["a", "b", "c"],
  ]);
  expect(spool.state()).toMatchObject({ committing: 0, waiting: 3, problem: undefined, damages: [] });
  await spool.close();
});

test("what comes together, and what comes while the disk is busy, shares a commit", async () => {
  const { trouble, disk } = troubledDisk();
  const spool = await openSpool({ disk });
  await Promise.all(Array.from({ length: 50 }, (_, n) => spool.add(`r${n}`)));
  expect([trouble.writes, trouble.syncs]).toEqual([1, 1]);
  let release = () => {};
  trouble.hold = new Promise((resolve) => {
    release = resolve;
  });
  const first = spool.add("first");
  while (trouble.syncs < 2) await Bun.sleep(1);
  const rest = Array.from({ length: 30 }, (_, n) => spool.add(`s${n}`));
  await Bun.sleep(5);
  release();
  await Promise.all([first, ...rest]);
  expect([trouble.writes, trouble.syncs]).toEqual([3, 3]);
  await spool.close();
});

test("DURABILITY=process does not wait for the disk", async () => {
  const { trouble, disk } = troubledDisk();
  const spool = await openSpool({ disk, sync: false });
  await Promise.all(["a", "b"].map((name) => spool.add(name)));
  expect([trouble.writes, trouble.syncs]).toEqual([1, 0]);
  await spool.close();
});

test("a request of duplicates alone waits for what came before it", async () => {
  const { trouble, disk } = troubledDisk();
  const spool = await openSpool({ disk });
  let release = () => {};
  trouble.hold = new Promise((resolve) => {
    release = resolve;
  });
  const answered: Array<string> = [];
  const first = spool.add("first").then(() => void answered.push("first"));
  const again = spool.add("again", 0).then(() => void answered.push("again"));
  await Bun.sleep(10);
  expect(answered).toEqual([]);
  release();
  await Promise.all([first, again]);
  expect(answered).toEqual(["first", "again"]);
  // Alone it is answered at once: there is nothing to write.
  await spool.add("again", 0);
  expect(trouble.writes).toBe(1);
  await spool.close();
});

test.each(["failWrite", "failSync"] as const)(
  "%s: all that waits is refused, new ones are too, and serving resumes when the disk is well again",
  async (kind) => {
    const { trouble, disk } = troubledDisk();
    const spool = await openSpool({ disk });
    expect(await spool.add("kept")).toBeUndefined();
    trouble[kind] = new Error("ENOSPC: no space left on device");
    const refusals = await Promise.all(["lost 1", "lost 2", "a duplicate"].map((name) => spool.add(name)));
    expect(refusals.map((refusal) => refusal?._tag)).toEqual(Array(3).fill("SpoolUnavailable"));
    expect(spool.refusal()).toMatchObject({ _tag: "SpoolUnavailable", retryAfterSeconds: 2 });
    expect((await spool.add("lost 3"))?._tag).toBe("SpoolUnavailable");
    expect(spool.state()).toMatchObject({ problem: expect.stringContaining("ENOSPC"), committing: 0 });
    await Bun.sleep(120);
    expect(spool.refusal()?._tag).toBe("SpoolUnavailable");
    trouble[kind] = undefined;
    while (spool.refusal() !== undefined) await Bun.sleep(5);
    expect(await spool.add("later")).toBeUndefined();
    expect(spool.text()).toEqual(["kept", "later"]);
    expect(spool.state().problem).toBeUndefined();
    await spool.close();
    // Nor does the next process find what was refused.
    const next = await openSpool({ disk });
    expect(next.text()).toEqual(["kept", "later"]);
    await next.close();
  },
);

test("at its limit rows are refused before they are written, until stored ones are given back", async () => {
  const ledger = new Ledger(":memory:", { sync: false, isLost: false });
  const spool = await openSpool({ maxBytes: 4000, ledger });
  let taken = 0;
  while ((await spool.add("x".repeat(90))) === undefined) taken++;
  expect(taken).toBeGreaterThan(20);
  expect(spool.refusal()).toMatchObject({ _tag: "SpoolFull", retryAfterSeconds: 2 });
  expect(spool.state().bytes).toBeLessThanOrEqual(4000);
  expect(spool.state().waiting).toBe(taken);
  ledger.finish(taken);
  spool.log.trim(taken);
  expect(spool.refusal()).toBeUndefined();
  expect(await spool.add("room")).toBeUndefined();
  expect(spool.text()).toEqual(["room"]);
  await spool.close();
});

test("events that are not committed yet count against the limit, so that many at once cannot exceed it", async () => {
  const spool = await openSpool({ maxBytes: 4000 });
  const refusals = await Promise.all(Array.from({ length: 100 }, () => spool.add("x".repeat(90))));
  expect(refusals.filter((refusal) => refusal?._tag === "SpoolFull").length).toBeGreaterThan(50);
  expect(spool.state().bytes).toBeLessThanOrEqual(4000);
  expect(spool.state().waiting).toBe(refusals.filter((refusal) => refusal === undefined).length);
  await spool.close();
});

test("beyond the bound of the queue events are refused", async () => {
  const { trouble, disk } = troubledDisk();
  const spool = await openSpool({ disk, maxWaiting: 10 });
  let release = () => {};
  trouble.hold = new Promise((resolve) => {
    release = resolve;
  });
  const taken = spool.add("ten", 10);
  expect((await spool.add("eleven"))?._tag).toBe("QueueFull");
  expect(spool.refusal()?._tag).toBe("QueueFull");
  release();
  expect(await taken).toBeUndefined();
  expect(await spool.add("eleven")).toBeUndefined();
  await spool.close();
});

test("a stop settles what came before it and refuses what comes after", async () => {
  const disk = memoryDisk();
  const spool = await openSpool({ disk });
  const before = Array.from({ length: 20 }, (_, n) => spool.add(`b${n}`));
  const closing = spool.close();
  expect(await Promise.all(before)).toEqual(Array(20).fill(undefined));
  expect((await spool.add("late"))?._tag).toBe("QueueFull");
  await closing;
  const next = await openSpool({ disk });
  expect(next.text()).toHaveLength(20);
  await next.close();
});

test("a stop while the disk is broken ends, and refuses what waits", async () => {
  const { trouble, disk } = troubledDisk();
  const spool = await openSpool({ disk });
  trouble.failSync = new Error("EIO");
  const refused = spool.add("refused");
  expect((await refused)?._tag).toBe("SpoolUnavailable");
  await spool.close();
});

test("waiting for a row ends with the row, with the time, or with the spool", async () => {
  const spool = await openSpool();
  const isOver = async (fiber: Fiber.RuntimeFiber<void>) => {
    await Bun.sleep(10);
    return fiber.unsafePoll() !== null;
  };
  const wait = (row: number, within?: Duration.Duration) => Effect.runFork(spool.awaitRow(row, within));
  const first = wait(2);
  await spool.add("one");
  expect(await isOver(first)).toBe(false);
  await spool.add("two");
  expect(await isOver(first)).toBe(true);
  expect(await isOver(wait(1))).toBe(true);
  const timed = wait(100, Duration.millis(40));
  expect(await isOver(timed)).toBe(false);
  await Effect.runPromise(Fiber.join(timed));
  const last = wait(100);
  expect(await isOver(last)).toBe(false);
  await spool.close();
  expect(await isOver(last)).toBe(true);
});

test("a file that fails its check at start is set aside, told in numbers, and the rest is kept", async () => {
  const disk = memoryDisk();
  const spool = await openSpool({ disk });
  for (const name of ["a", "b", "c"]) await spool.add(name);
  await spool.close();
  const [name] = segmentNames(disk) as [string];
  disk.open(name).write(Buffer.from("!"), 32 + 6 + 32 + 2);
  const next = await openSpool({ disk });
  expect(next.state().damages).toEqual([{ keptAs: `${name}.damaged`, rowsRead: 2, rowsLost: 1 }]);
  expect(next.text()).toEqual(["a", "c"]);
  expect(disk.list()).toContain(`${name}.damaged`);
  await next.close();
});

test("the age of the oldest row that is not stored is told, also over records that are stored", async () => {
  const ledger = new Ledger(":memory:", { sync: false, isLost: false });
  const disk = memoryDisk();
  const spool = await openSpool({ ledger, disk });
  expect(spool.state().oldestSeconds).toBe(0);
  await spool.log.commit([Buffer.from('["old"]\n')], 1, Math.floor(Date.now() / 1000) - 100);
  await spool.add("new");
  expect(spool.state().oldestSeconds).toBeGreaterThanOrEqual(100);
  ledger.finish(1);
  expect(spool.state().oldestSeconds).toBeLessThan(50);
  await spool.close();
});
