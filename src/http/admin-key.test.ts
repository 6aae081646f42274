import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Layer, Redacted } from "effect";
import type { Settings } from "../config.ts";
import { testSettings } from "../testing/settings.ts";
import { AdminKey, layerAdminKey, presentedKey } from "./admin-key.ts";

const directory = mkdtempSync(join(tmpdir(), "footfall-admin-key-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const open = (overrides: Partial<Settings>) =>
  Effect.runSync(Effect.provide(AdminKey, Layer.provide(layerAdminKey, testSettings(overrides))));

const answer = (key: AdminKey["Type"], headers: Record<string, string>): string => {
  const presented = presentedKey(new Request("http://localhost/", { headers }));
  return presented === null ? "missing" : key.isAdminKey(presented) ? "welcome" : "wrong";
};

describe("without a setting", () => {
  const dataDir = join(directory, "new", "directory");
  const file = join(dataDir, "admin.key");

  test("a key is made once, long and random, for its owner's eyes only", () => {
    expect(open({ dataDir }).place).toBe(file);
    const key = readFileSync(file, "utf8").trim();
    expect(key).toMatch(/^[\w-]{32}$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    open({ dataDir });
    expect(readFileSync(file, "utf8").trim()).toBe(key);
    open({ dataDir: join(directory, "other") });
    expect(readFileSync(join(directory, "other", "admin.key"), "utf8").trim()).not.toBe(key);
  });

  test("a file that others could read is closed to them", () => {
    chmodSync(file, 0o644);
    open({ dataDir });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("a key that the operator wrote counts, line break or not; an empty file gets a new one", () => {
    writeFileSync(file, "my own key\r\n");
    expect(answer(open({ dataDir }), { "x-admin-key": "my own key" })).toBe("welcome");
    writeFileSync(file, "\n");
    expect(answer(open({ dataDir }), { "x-admin-key": "" })).toBe("wrong");
    expect(readFileSync(file, "utf8")).toMatch(/^[\w-]{32}\n$/);
  });
});

describe("a request", () => {
  const dataDir = join(directory, "unused");
  const key = open({ dataDir, adminApiKey: Redacted.make("secret") });

  test("the setting leaves no file and is named as the place", () => {
    expect(key.place).toBe("the setting ADMIN_API_KEY");
    expect(existsSync(dataDir)).toBe(false);
  });

  test.each([
    ["without a key", {}, "missing"],
    ["with the key", { "x-admin-key": "secret" }, "welcome"],
    ["with the key as a bearer's", { authorization: "Bearer secret" }, "welcome"],
    ["with the key as a bearer's in any case", { authorization: "bearer  secret " }, "welcome"],
    ["with another key", { "x-admin-key": "secreT" }, "wrong"],
    ["with an empty key", { "x-admin-key": "" }, "wrong"],
    ["with more than the key", { "x-admin-key": "secret2" }, "wrong"],
    ["with another bearer's key", { authorization: "Bearer nonsense" }, "wrong"],
    ["with a password", { authorization: "Basic c2VjcmV0" }, "missing"],
    ["with a bearer without a key", { authorization: "Bearer" }, "missing"],
    ["with both, the own header counting", { "x-admin-key": "no", authorization: "Bearer secret" }, "wrong"],
  ])("%s", (_, headers, expected) => {
    expect(answer(key, headers as Record<string, string>)).toBe(expected);
  });
});
