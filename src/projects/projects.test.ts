import { expect } from "bun:test";
import { Effect, Layer, Scope } from "effect";
import { DEFAULT_PROJECT } from "../domain/project.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { testSettings } from "../testing/settings.ts";
import { defaultPrivacy } from "./privacy.ts";
import type { ProjectWish } from "./project.ts";
import { layerProjects, Projects, type ProjectsShape } from "./projects.ts";

const wish: ProjectWish = {
  name: "Shop",
  origins: new Set(["https://shop.example"]),
  timezone: "Africa/Nairobi",
  allowsMissingOrigin: false,
  privacy: { ...defaultPrivacy, excludedPaths: ["/admin/**"] },
  retention: { rawDays: 30, rollupYears: undefined },
};

/** One node after the other on the same tables, each with a memory of its own. */
const onNode = <A, E>(use: (projects: ProjectsShape) => Effect.Effect<A, E, ClickHouse>) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const layer = layerProjects.pipe(
      Layer.provide(Layer.succeed(ClickHouse, clickhouse)),
      Layer.provide(testSettings()),
    );
    return yield* Effect.provide(Effect.flatMap(Projects, use), layer);
  });

for (const { engine, layer } of testEngines) {
  const { it } = testsOn(layer());

  it(`${engine}: the default project is there, and can be changed`, () =>
    Effect.gen(function* () {
      yield* onNode((projects) =>
        Effect.gen(function* () {
          expect(projects.list().map(({ id }) => id)).toEqual([DEFAULT_PROJECT]);
          expect(projects.anyAllows("https://any.example")).toBe(true);
          yield* projects.update(DEFAULT_PROJECT, { origins: new Set(["https://own.example"]) });
          expect(projects.anyAllows("https://any.example")).toBe(false);
        }),
      );
      yield* onNode((projects) =>
        Effect.sync(() => {
          expect(projects.find(DEFAULT_PROJECT)?.origins).toEqual(new Set(["https://own.example"]));
        }),
      );
    }));

  it(`${engine}: a project and its keys are there after a restart; read and secret keys are kept as digests alone`, () =>
    Effect.gen(function* () {
      const made = yield* onNode((projects) =>
        Effect.gen(function* () {
          const { id } = yield* projects.create(wish);
          const add = (kind: "write" | "read" | "secret") =>
            projects.addKey(id, { kind, label: kind, expiresAtMs: undefined });
          return { id, keys: [yield* add("write"), yield* add("read"), yield* add("secret")] };
        }),
      );
      expect(made.keys.map(({ text }) => text.slice(0, 3))).toEqual(["pk_", "rk_", "sk_"]);
      expect(new Set(made.keys.map(({ text }) => text)).size).toBe(3);
      for (const { text } of made.keys) expect(text).toMatch(/^[prs]k_[\w-]{32}$/);
      yield* onNode((projects) =>
        Effect.sync(() => {
          expect(projects.find(made.id)).toMatchObject(wish);
          for (const { key, text } of made.keys) expect(projects.keyOf(text)).toEqual(key);
          expect(projects.keyOf("pk_nobody")).toBeUndefined();
          expect(projects.keyOf("")).toBeUndefined();
        }),
      );
      const clickhouse = yield* ClickHouse;
      const stored = JSON.stringify(yield* clickhouse.query("SELECT * FROM api_keys"));
      expect(made.keys.map(({ text }) => stored.includes(text))).toEqual([true, false, false]);
    }));

  it(`${engine}: a revoked key opens nothing, at once and after a restart`, () =>
    Effect.gen(function* () {
      const { id, text } = yield* onNode((projects) =>
        Effect.gen(function* () {
          const project = yield* projects.create(wish);
          const { key, text } = yield* projects.addKey(project.id, {
            kind: "read",
            label: "gone",
            expiresAtMs: undefined,
          });
          expect(projects.keyOf(text)).toBeDefined();
          yield* projects.revokeKey(project.id, key.id);
          expect(projects.keyOf(text)).toBeUndefined();
          return { id: project.id, text };
        }),
      );
      yield* onNode((projects) =>
        Effect.gen(function* () {
          expect(projects.keyOf(text)).toBeUndefined();
          const [key] = projects.keysOf(id);
          expect(key?.isRevoked).toBe(true);
          // A key of one project is none of another.
          const failed = yield* Effect.flip(projects.revokeKey(DEFAULT_PROJECT, key?.id ?? ""));
          expect(failed._tag).toBe("UnknownKey");
        }),
      );
    }));

  it(`${engine}: a key is taken until it expires; a replaced one as long as both may be in use`, () =>
    onNode((projects) =>
      Effect.gen(function* () {
        const { id } = yield* projects.create(wish);
        const brief = yield* projects.addKey(id, {
          kind: "read",
          label: "brief",
          expiresAtMs: Date.now() + 300,
        });
        expect(projects.keyOf(brief.text)).toBeDefined();
        const old = yield* projects.addKey(id, { kind: "write", label: "pages", expiresAtMs: undefined });
        const replaced = yield* projects.rotateKey(id, old.key.id, 300);
        expect(replaced.key).toMatchObject({ kind: "write", label: "pages", expiresAtMs: undefined });
        expect(projects.keyOf(old.text)).toBeDefined();
        yield* Effect.promise(() => Bun.sleep(400));
        expect(projects.keyOf(brief.text)).toBeUndefined();
        expect(projects.keyOf(old.text)).toBeUndefined();
        expect(projects.keyOf(replaced.text)).toBeDefined();
        expect((yield* Effect.flip(projects.rotateKey(id, old.key.id, 300)))._tag).toBe("UnknownKey");
      }),
    ));

  it(`${engine}: when a key was used last is known after a restart`, () =>
    Effect.gen(function* () {
      const before = Date.now();
      const id = yield* onNode((projects) =>
        Effect.gen(function* () {
          const project = yield* projects.create(wish);
          const { key } = yield* projects.addKey(project.id, {
            kind: "write",
            label: "used",
            expiresAtMs: undefined,
          });
          expect((yield* projects.usesOf([key])).size).toBe(0);
          projects.used(key);
          expect((yield* projects.usesOf([key])).get(key.id)).toBeGreaterThanOrEqual(before);
          return project.id;
        }),
      );
      yield* onNode((projects) =>
        Effect.gen(function* () {
          const keys = projects.keysOf(id);
          expect((yield* projects.usesOf(keys)).get(keys[0]?.id ?? "")).toBeGreaterThanOrEqual(before);
        }),
      );
    }));

  if (engine === "server") {
    it("a change of one node is known to another within 5 seconds", () =>
      Effect.gen(function* () {
        const clickhouse = yield* ClickHouse;
        const other = layerProjects.pipe(
          Layer.provide(Layer.succeed(ClickHouse, clickhouse)),
          Layer.provide(testSettings()),
        );
        const scope = yield* Scope.make();
        const seen = yield* Effect.map(Layer.buildWithScope(other, scope), (context) =>
          Effect.runSync(Effect.provide(Projects, context)),
        );
        const made = yield* onNode((projects) =>
          Effect.gen(function* () {
            const project = yield* projects.create(wish);
            return yield* projects.addKey(project.id, {
              kind: "read",
              label: "elsewhere",
              expiresAtMs: undefined,
            });
          }),
        );
        const deadline = Date.now() + 5000;
        while (seen.keyOf(made.text) === undefined && Date.now() < deadline) {
          yield* Effect.promise(() => Bun.sleep(50));
        }
        expect(seen.keyOf(made.text)?.id).toBe(made.key.id);
        yield* Scope.close(scope, yield* Effect.exit(Effect.void));
      }));
  }
}
