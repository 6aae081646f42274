import { expect } from "bun:test";
import { Effect, Layer, Scope } from "effect";
import { DEFAULT_PROJECT } from "../domain/project.ts";
import { layerProjects } from "../projects/projects.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { testSettings } from "../testing/settings.ts";
import { layerPeople } from "./layer.ts";
import { Invites } from "./links/invites.ts";
import { Shares } from "./links/shares.ts";
import { Accounts } from "./people/accounts.ts";
import { Members } from "./people/members.ts";
import { Sessions } from "./people/sessions.ts";

type People = Accounts | Sessions | Members | Invites | Shares;

const browser = { isSecure: false, agent: "Firefox on Linux" };
const PASSWORD = "nine lives and a tail";

const layerNode = (clickhouse: ClickHouse["Type"]) =>
  layerPeople.pipe(
    Layer.provide(layerProjects),
    Layer.provide(Layer.succeed(ClickHouse, clickhouse)),
    Layer.provide(testSettings()),
  );

/** One node after the other on the same tables, each with a memory of its own. */
const onNode = <A, E>(use: Effect.Effect<A, E, People>) =>
  Effect.flatMap(ClickHouse, (clickhouse) => Effect.provide(use, layerNode(clickhouse)));

const setUp = (email: string) =>
  Effect.gen(function* () {
    const accounts = yield* Accounts;
    const token = accounts.renewSetUpToken() ?? "";
    return yield* accounts.setUp(token, { email, name: "Ada", password: PASSWORD });
  });

for (const { engine, layer } of testEngines) {
  const { it } = testsOn(layer());

  it(`${engine}: accounts, sessions, roles and links are there after a restart, and ends too`, () =>
    Effect.gen(function* () {
      const made = yield* onNode(
        Effect.gen(function* () {
          const account = yield* setUp("ada@example.org");
          const sessions = yield* Sessions;
          const kept = yield* sessions.begin(account, browser);
          const ended = yield* sessions.begin(account, browser);
          yield* sessions.end(account.id, ended.session.id);
          yield* (yield* Members).add(DEFAULT_PROJECT, account.id, "editor");
          const wish = { email: "", role: "viewer", expiresAtMs: Date.now() + 60_000 } as const;
          const invite = yield* (yield* Invites).create(DEFAULT_PROJECT, wish);
          const share = yield* (yield* Shares).create(DEFAULT_PROJECT, {
            ...{ name: "Board", password: "open for the board", expiresAtMs: undefined },
          });
          const { opener } = yield* (yield* Shares).open(share.token, "open for the board");
          return { account, kept, ended, invite, share, opener };
        }),
      );
      yield* onNode(
        Effect.gen(function* () {
          const accounts = yield* Accounts;
          const sessions = yield* Sessions;
          expect(accounts.find(made.account.id)).toEqual(made.account);
          expect(accounts.renewSetUpToken()).toBeUndefined();
          expect((yield* accounts.logIn("ada@example.org", PASSWORD)).id).toBe(made.account.id);
          expect(sessions.of(made.kept.token, false)?.session).toEqual(made.kept.session);
          expect(sessions.of(made.kept.token, true)).toBeUndefined();
          expect(sessions.of(made.ended.token, false)).toBeUndefined();
          expect((yield* Members).roleOf(made.account.id, DEFAULT_PROJECT)).toBe("editor");
          expect(yield* (yield* Invites).of(made.invite.token)).toEqual(made.invite.invite);
          expect((yield* Shares).opened(made.opener)).toEqual(made.share.share);
          yield* (yield* Shares).revoke(DEFAULT_PROJECT, made.share.share.id);
        }),
      );
      yield* onNode(
        Effect.gen(function* () {
          expect((yield* Shares).opened(made.opener)).toBeUndefined();
        }),
      );
    }));

  if (engine === "server") {
    it("of two nodes that are set up one succeeds, and what one changes the other knows within 5 seconds", () =>
      Effect.gen(function* () {
        const clickhouse = yield* ClickHouse;
        yield* clickhouse.command("TRUNCATE TABLE accounts");
        const scope = yield* Scope.make();
        const other = yield* Layer.buildWithScope(layerNode(clickhouse), scope);
        const there = <A, E>(use: Effect.Effect<A, E, People>) => Effect.provide(use, other);
        const token = (yield* there(Accounts)).renewSetUpToken() ?? "";
        expect(token).not.toBe("");

        const { account, session } = yield* onNode(
          Effect.gen(function* () {
            const account = yield* setUp("first@example.org");
            return { account, session: yield* (yield* Sessions).begin(account, browser) };
          }),
        );
        const wish = { email: "second@example.org", name: "Second", password: PASSWORD };
        const failed = yield* Effect.flip(
          there(Effect.flatMap(Accounts, (accounts) => accounts.setUp(token, wish))),
        );
        expect(failed._tag).toBe("LinkInvalid");

        const sessions = yield* there(Sessions);
        const within5s = function* (isSo: () => boolean) {
          const deadline = Date.now() + 5000;
          while (!isSo() && Date.now() < deadline) yield* Effect.promise(() => Bun.sleep(50));
          return isSo();
        };
        expect(yield* within5s(() => sessions.of(session.token, false) !== undefined)).toBe(true);
        yield* onNode(Effect.flatMap(Sessions, (own) => own.end(account.id, session.session.id)));
        expect(yield* within5s(() => sessions.of(session.token, false) === undefined)).toBe(true);
        yield* Scope.close(scope, yield* Effect.exit(Effect.void));
      }));
  }
}
