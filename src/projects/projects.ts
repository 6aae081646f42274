import { Clock, Context, Effect, Layer, Redacted } from "effect";
import { ulid } from "ulid";
import { type AllowedOrigins, AppSettings } from "../config.ts";
import { ProjectStays, UnknownKey, UnknownProject } from "../domain/errors.ts";
import { DEFAULT_PROJECT } from "../domain/project.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import { keep } from "../store/kept-table.ts";
import { digestOf, isValidKey, type Key, type KeyKind, keptOf, makeKeyText } from "./key.ts";
import { defaultPrivacy } from "./privacy.ts";
import {
  allowsOrigin,
  defaultProject,
  type Project,
  type ProjectChange,
  type ProjectWish,
} from "./project.ts";
import { changeRetention, instanceRetention } from "./retention.ts";
import { keysTable, projectsTable, readKeyUses, writeKeyUses } from "./stored.ts";

const USES_INTERVAL = "1 minute";

export interface KeyWish {
  readonly kind: KeyKind;
  readonly label: string;
  readonly expiresAtMs: number | undefined;
}

/** A key with its text, which is told this once. */
export interface NewKey {
  readonly key: Key;
  readonly text: string;
}

type Changed<A, E = never> = Effect.Effect<A, ClickHouseError | UnknownProject | E>;

export interface ProjectsShape {
  /** A project that is not deleted. */
  readonly find: (id: string) => Project | undefined;
  /** Those that are not deleted, the default one first, then the oldest first. */
  readonly list: () => ReadonlyArray<Project>;
  /** The ids of those that are deleted. */
  readonly deleted: () => ReadonlyArray<string>;
  /** Whether pages of an origin may send events to any project. */
  readonly anyAllows: (origin: string) => boolean;
  /** The key of this text if it is valid now and its project is there. Takes the same time whatever is presented. */
  readonly keyOf: (text: string) => Key | undefined;
  /** Takes note that a key was used just now; written a minute later at most. */
  readonly used: (key: Key) => void;
  readonly create: (wish: ProjectWish) => Effect.Effect<Project, ClickHouseError>;
  readonly update: (id: string, change: ProjectChange) => Changed<Project>;
  /** A project and its keys are no more from now on. Of the project its id stays. */
  readonly remove: (id: string) => Changed<Project, ProjectStays>;
  /** The keys of a project, revoked and expired ones too, the oldest first. */
  readonly keysOf: (project: string) => ReadonlyArray<Key>;
  /** When keys were last used, in ms since 1970; those that never were are not in it. */
  readonly usesOf: (keys: ReadonlyArray<Key>) => Effect.Effect<ReadonlyMap<string, number>, ClickHouseError>;
  readonly addKey: (project: string, wish: KeyWish) => Changed<NewKey>;
  readonly revokeKey: (project: string, id: string) => Changed<Key, UnknownKey>;
  /** A new key of the same kind and label; the old one is valid for so long from now on, and no longer than before. */
  readonly rotateKey: (project: string, id: string, overlapMs: number) => Changed<NewKey, UnknownKey>;
}

/** The projects and their keys, in memory: a change is known here at once, and on other nodes within 5 s. */
export class Projects extends Context.Tag("footfall/Projects")<Projects, ProjectsShape>() {}

const make = Effect.gen(function* () {
  const settings = yield* AppSettings;
  const clickhouse = yield* ClickHouse;
  const clock = yield* Clock.clockWith(Effect.succeed);
  const store = Effect.provideService(ClickHouse, clickhouse);
  const uses = new Map<string, number>();
  const byDigest = new Map<string, Key>();
  // Write keys are no secret. To digest one with every request of a page would take a twentieth of its time.
  const byText = new Map<string, Key>();
  // Asked by every request of a page.
  let origins: AllowedOrigins | undefined;
  const projects = yield* keep(projectsTable, () => {
    origins = undefined;
  });
  const keys = yield* keep(keysTable, (key) => {
    byDigest.set(key.digest, key);
    if (key.text !== "") byText.set(key.text, key);
  });
  const byDefault = defaultProject(settings);

  const list = (): ReadonlyArray<Project> => {
    const own = projects.get(DEFAULT_PROJECT) ?? byDefault;
    const others = projects.all().filter(({ id }) => id !== DEFAULT_PROJECT);
    return [own, ...others.sort((a, b) => (a.id < b.id ? -1 : 1))].filter(({ isDeleted }) => !isDeleted);
  };
  const allOrigins = (): AllowedOrigins => {
    const all = list().map((project) => project.origins);
    return all.includes("*") ? "*" : new Set(all.flatMap((own) => (own === "*" ? [] : [...own])));
  };

  const flushUses = Effect.suspend(() => {
    if (uses.size === 0) return Effect.void;
    const flushed = new Map(uses);
    return Effect.tap(store(writeKeyUses(flushed)), () =>
      Effect.sync(() => {
        for (const [id, usedMs] of flushed) if (uses.get(id) === usedMs) uses.delete(id);
      }),
    );
  }).pipe(Effect.catchAllCause((cause) => Effect.logDebug("Uses of keys could not be written", cause)));
  yield* Effect.forkScoped(Effect.forever(Effect.delay(flushUses, USES_INTERVAL)));
  yield* Effect.addFinalizer(() => flushUses);

  const find = (id: string): Project | undefined => {
    const project = projects.get(id) ?? (id === DEFAULT_PROJECT ? byDefault : undefined);
    return project === undefined || project.isDeleted ? undefined : project;
  };
  const existing = (id: string) =>
    Effect.suspend(() => {
      const project = find(id);
      return project === undefined ? new UnknownProject({ project: id }) : Effect.succeed(project);
    });
  const existingKey = (project: string, id: string) =>
    Effect.flatMap(existing(project), () => {
      const key = keys.get(id);
      return key?.project === project ? Effect.succeed(key) : new UnknownKey({ key: id });
    });

  const saveProject = (project: Project) => Effect.as(projects.save(project), project);
  const saveKey = (key: Key) => Effect.as(keys.save(key), key);
  const newKey = (project: string, { kind, label, expiresAtMs }: KeyWish) =>
    Effect.gen(function* () {
      const createdAtMs = yield* Clock.currentTimeMillis;
      const text = makeKeyText(kind);
      const key = yield* saveKey({
        id: ulid(createdAtMs),
        project,
        kind,
        label,
        ...keptOf(kind, text),
        createdAtMs,
        expiresAtMs,
        isRevoked: false,
        version: 0,
      });
      return { key, text: Redacted.value(text) };
    });

  // Of two changes the second has to see what the first has done.
  const turn = (yield* Effect.makeSemaphore(1)).withPermits(1);
  return Projects.of({
    find,
    list,
    deleted: () => projects.all().flatMap(({ id, isDeleted }) => (isDeleted ? [id] : [])),
    anyAllows: (origin) => {
      origins ??= allOrigins();
      return allowsOrigin({ origins }, origin);
    },
    keyOf: (text) => {
      const key = byText.get(text) ?? byDigest.get(digestOf(text));
      if (key === undefined || find(key.project) === undefined) return undefined;
      return isValidKey(key, clock.unsafeCurrentTimeMillis()) ? key : undefined;
    },
    used: ({ id }) => {
      uses.set(id, clock.unsafeCurrentTimeMillis());
    },
    create: (wish) =>
      turn(
        Effect.gen(function* () {
          const nowMs = yield* Clock.currentTimeMillis;
          const times = { createdAtMs: nowMs, updatedAtMs: nowMs };
          const retention = { ...instanceRetention, ...wish.retention, changedAtMs: nowMs };
          return yield* saveProject({
            ...wish,
            ...times,
            retention,
            id: ulid(nowMs),
            isDeleted: false,
            version: 0,
          });
        }),
      ),
    update: (id, { privacy: changed, retention, ...change }) =>
      turn(
        Effect.gen(function* () {
          const project = yield* existing(id);
          const updatedAtMs = yield* Clock.currentTimeMillis;
          return yield* saveProject({
            ...project,
            ...change,
            privacy: { ...project.privacy, ...changed },
            retention: changeRetention(project.retention, retention ?? {}, settings, updatedAtMs),
            updatedAtMs,
            version: project.version + 1,
          });
        }),
      ),
    remove: (id) =>
      turn(
        Effect.gen(function* () {
          const project = yield* existing(id);
          if (id === DEFAULT_PROJECT) return yield* new ProjectStays({ project: id });
          return yield* saveProject({
            ...project,
            name: "",
            origins: new Set<string>(),
            privacy: defaultPrivacy,
            updatedAtMs: yield* Clock.currentTimeMillis,
            isDeleted: true,
            version: project.version + 1,
          });
        }),
      ),
    keysOf: (project) => {
      const own = keys.all().filter((key) => key.project === project);
      return own.sort((a, b) => (a.id < b.id ? -1 : 1));
    },
    usesOf: (asked) =>
      Effect.map(store(readKeyUses(asked.map(({ id }) => id))), (written) => {
        const found = new Map(written);
        for (const { id } of asked) {
          const usedMs = uses.get(id);
          if (usedMs !== undefined) found.set(id, Math.max(usedMs, found.get(id) ?? 0));
        }
        return found;
      }),
    addKey: (project, wish) => turn(Effect.zipRight(existing(project), newKey(project, wish))),
    revokeKey: (project, id) =>
      turn(
        Effect.flatMap(existingKey(project, id), (key) =>
          saveKey({ ...key, isRevoked: true, version: key.version + 1 }),
        ),
      ),
    rotateKey: (project, id, overlapMs) =>
      turn(
        Effect.gen(function* () {
          const old = yield* existingKey(project, id);
          const nowMs = yield* Clock.currentTimeMillis;
          if (!isValidKey(old, nowMs)) return yield* new UnknownKey({ key: id });
          const made = yield* newKey(project, old);
          const expiresAtMs = Math.min(nowMs + overlapMs, old.expiresAtMs ?? Number.POSITIVE_INFINITY);
          yield* saveKey({ ...old, expiresAtMs, version: old.version + 1 });
          return made;
        }),
      ),
  });
});

export const layerProjects = Layer.scoped(Projects, make);
