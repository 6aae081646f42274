import { expect, test } from "bun:test";
import { Effect, Layer, Logger, ManagedRuntime } from "effect";
import { NotFound } from "../domain/errors.ts";
import { ClickHouseError } from "../store/clickhouse-error.ts";
import { makeRun } from "./run.ts";

const logs: Array<string> = [];
const logger = Logger.replace(
  Logger.defaultLogger,
  Logger.make(({ message, cause }) => void logs.push(Bun.inspect([message, cause]))),
);
const run = makeRun(await ManagedRuntime.make(Layer.mergeAll(logger)).runtime());

const problemOf = async (answer: unknown) => {
  if (!(answer instanceof Response)) throw new Error(`not a response: ${answer}`);
  return { status: answer.status, body: await answer.text() };
};

test("a value is the answer", async () => {
  expect(await run(Effect.succeed({ a: 1 }))).toEqual({ a: 1 });
});

test("a failure is its problem", async () => {
  const { status, body } = await problemOf(await run(new NotFound({ path: "/x" })));
  expect([status, JSON.parse(body).code]).toEqual([404, "not_found"]);
});

test("what ClickHouse says is in the log and not in the answer", async () => {
  const failure = new ClickHouseError({
    failure: "unavailable",
    retryable: true,
    code: undefined,
    message: "refused by 10.0.0.5",
  });
  const { status, body } = await problemOf(await run(failure));
  expect(status).toBe(503);
  expect(body).not.toContain("10.0.0.5");
  await Bun.sleep(1);
  expect(logs.join("\n")).toContain("refused by 10.0.0.5");
});

test("a defect is logged with its message, and answered without it", async () => {
  for (const defect of [Effect.die(new Error("a bug: 17")), Effect.sync(() => JSON.parse("{bug: 17"))]) {
    logs.length = 0;
    const { status, body } = await problemOf(await run(defect));
    expect([status, JSON.parse(body).code]).toEqual([500, "internal_error"]);
    expect(body).not.toContain("bug");
    await Bun.sleep(1);
    expect(logs.join("\n")).toMatch(/bug|JSON/);
  }
});

test("a client that goes away interrupts what was asked, which is nobody's defect", async () => {
  logs.length = 0;
  const gone = new AbortController();
  let interrupted = false;
  const asking = run(
    Effect.onInterrupt(Effect.never, () =>
      Effect.sync(() => {
        interrupted = true;
      }),
    ),
    gone.signal,
  );
  gone.abort();
  expect((await problemOf(await asking)).status).toBe(500);
  expect([interrupted, logs]).toEqual([true, []]);
});
