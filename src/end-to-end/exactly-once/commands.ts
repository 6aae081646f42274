import fc from "fast-check";
import type { SentEvent } from "./journal.ts";
import type { DiskFault } from "./simulated-disk.ts";
import type { EngineFault } from "./simulated-engine.ts";
import type { Survival } from "./simulated-file.ts";
import type { World } from "./world.ts";

/** What the commands have to know ahead: whether there is a service that can be asked. */
export interface Model {
  isRunning: boolean;
}

type WorldCommand = fc.AsyncCommand<Model, World>;

const command = (
  name: string,
  run: (world: World, model: Model) => unknown,
  check: (model: Readonly<Model>) => boolean = () => true,
): WorldCommand => ({
  check,
  run: async (model, world) => {
    await run(world, model);
    await world.time.settle();
    world.check();
  },
  toString: () => name,
});

/** Plain objects, which are shown as they would be written. */
const record = <T extends object>(model: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;

const isRunning = ({ isRunning }: Readonly<Model>) => isRunning;
const isDown = ({ isRunning }: Readonly<Model>) => !isRunning;
const show = (value: unknown) => fc.stringify(value);

interface Wish {
  /** An event that was sent before, counted back from the last one; undefined for a new one. */
  readonly again: number | undefined;
  readonly isPoison: boolean;
  readonly isWide: boolean;
  readonly monthsBack: number;
}

const granted = ({ journal }: World, { again, ...more }: Wish): SentEvent =>
  (again === undefined ? undefined : journal.events.at(-1 - again)) ?? journal.makeEvent(more);

const rarely = (one: number, of: number) => fc.nat({ max: of - 1 }).map((n) => n < one);

const wish: fc.Arbitrary<Wish> = record({
  again: fc.option(fc.nat({ max: 5 }), { nil: undefined, freq: 2 }),
  isPoison: rarely(1, 12),
  isWide: rarely(1, 6),
  monthsBack: fc.constantFrom(0, 0, 1),
});

const send = fc
  .array(wish, { minLength: 1, maxLength: 4 })
  .map((wishes) =>
    command(
      `send ${show(wishes)}`,
      (world) => world.send(wishes.map((one) => granted(world, one))),
      isRunning,
    ),
  );

const sendTwoAtOnce = fc
  .tuple(fc.array(wish, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([wishes, isSame]) =>
    command(
      `send two at once ${show({ wishes, isSame })}`,
      async (world) => {
        const events = wishes.map((one) => granted(world, one));
        await world.send(events);
        await world.send(isSame ? events : wishes.map((one) => granted(world, one)));
      },
      isRunning,
    ),
  );

const sendMany = fc
  .tuple(fc.integer({ min: 5, max: 20 }), fc.boolean())
  .map(([count, isWide]) =>
    command(
      `send ${count} new ones, ${isWide ? "wide" : "narrow"}`,
      (world) =>
        world.send(
          Array.from({ length: count }, () =>
            granted(world, { again: undefined, isPoison: false, isWide, monthsBack: 0 }),
          ),
        ),
      isRunning,
    ),
  );

const sendRequestAgain = fc.nat({ max: 4 }).map((back) =>
  command(
    `send request -${back} again`,
    async (world) => {
      const request = world.journal.requests.at(-1 - back);
      if (request !== undefined) await world.send(request.copies.map(({ event }) => event));
    },
    isRunning,
  ),
);

const wait = fc
  .oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(50, 300, 2_000, 15_000, 15_000, 70_000))
  .map((ms) => command(`wait ${ms} ms`, (world) => world.time.advance(ms)));

const HOUR_MS = 3_600_000;
const machineSleeps = fc
  .constantFrom(1, 47, 48, 49, 60)
  .map((hours) => command(`machine sleeps ${hours} h`, (world) => world.time.sleepThrough(hours * HOUR_MS)));

const engineFault: fc.Arbitrary<EngineFault> = record({
  kind: fc.constantFrom("fails", "dies", "unanswered", "hangs"),
  steps: fc.nat({ max: 13 }),
  ms: fc.constantFrom(20, 2_000, 70_000, 200_000),
});
const failEngine = fc.array(engineFault, { minLength: 1, maxLength: 3 }).map((faults) =>
  command(`engine ${show(faults)}`, ({ engine }) => {
    for (const fault of faults) engine.fail(fault);
  }),
);
const engineGoesDown = fc.constant(command("engine goes down", ({ engine }) => engine.goDown()));

const diskFaults = fc.constantFrom<ReadonlyArray<DiskFault>>(
  ["write"],
  ["sync"],
  ["sync", "truncate"],
  ["write", "truncate", "remove"],
  ["create"],
  ["create", "remove"],
);
const failDisk = diskFaults.map((faults) => command(`disk ${show(faults)}`, ({ disk }) => disk.fail(faults)));
const fillLedgerDisk = fc.constant(command("the ledger's disk is full", (world) => world.fillLedgerDisk()));
const retryDeadLetters = fc.boolean().map((isCured) =>
  command(
    `retry dead letters${isCured ? ", cured" : ""}`,
    (world) => {
      if (isCured) world.engine.isCured = true;
      world.retryDeadLetters();
    },
    isRunning,
  ),
);
const heal = fc.constant(command("heal", (world) => world.heal()));

const survival: fc.Arbitrary<Survival> = record({
  what: fc.constantFrom("nothing", "all", "torn", "late", "flipped"),
  part: fc.nat({ max: 16 }).map((n) => n / 16),
});

const start = async (world: World, model: Model) => {
  model.isRunning = await world.start();
};
const lifeIsBack = async (world: World, model: Model, cutOffMs: ReadonlyArray<number>) => {
  for (const ms of cutOffMs) {
    if (!(await world.start(ms))) continue;
    await world.kill();
  }
  await start(world, model);
};
const cutOffs = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 2 }) },
);

const kill = cutOffs.map((starts) =>
  command(
    `kill, starts cut off after ${show(starts)} ms`,
    async (world, model) => {
      await world.kill();
      await lifeIsBack(world, model, starts);
    },
    isRunning,
  ),
);

const losePower = fc.tuple(survival, cutOffs).map(([what, starts]) =>
  command(
    `power loss ${show(what)}, starts cut off after ${show(starts)} ms`,
    async (world, model) => {
      // Whoever chose the lower durability did not ask for more.
      if (world.settings.durability === "process") await world.kill();
      else await world.losePower(what);
      await lifeIsBack(world, model, starts);
    },
    isRunning,
  ),
);

const damageLedger = fc.tuple(survival, cutOffs).map(([what, starts]) =>
  command(
    `the ledger is damaged, ${show(what)}, starts cut off after ${show(starts)} ms`,
    async (world, model) => {
      if (world.settings.durability === "process") await world.kill();
      else await world.losePower(what);
      // Without the ledger an event that is rightly there twice would be taken for one.
      if (!world.journal.hasEventsTwice) world.damageLedger();
      await lifeIsBack(world, model, starts);
    },
    isRunning,
  ),
);

const stop = fc.constant(
  command(
    "stop",
    async (world, model) => {
      model.isRunning = false;
      await world.stop();
    },
    isRunning,
  ),
);
const startAgain = fc.boolean().map((isHealed) =>
  command(
    isHealed ? "heal and start" : "start",
    (world, model) => {
      if (isHealed) world.heal();
      return start(world, model);
    },
    isDown,
  ),
);

/** Any course of events, the more frequent kinds named more than once. */
export const commands = fc.commands<Model, World, false>(
  [
    send,
    send,
    send,
    sendTwoAtOnce,
    sendMany,
    sendRequestAgain,
    wait,
    wait,
    wait,
    machineSleeps,
    failEngine,
    failEngine,
    engineGoesDown,
    failDisk,
    fillLedgerDisk,
    retryDeadLetters,
    heal,
    heal,
    kill,
    losePower,
    damageLedger,
    stop,
    startAgain,
    startAgain,
  ],
  { maxCommands: 40, size: "max" },
);
