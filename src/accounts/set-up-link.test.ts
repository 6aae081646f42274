import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startService } from "../testing/service/child.ts";

const link = /Set up\s+(http\S+\/setup)#token=([\w-]{43})\n/;

test("a start prints a set-up link of its own until there is an owner, and none from then on", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "footfall-set-up-"));
  try {
    const env = { DATA_DIR: dataDir };
    const tokens: Array<string> = [];
    for (const isLast of [false, true]) {
      await using service = await startService({ env });
      const [, page = "", token = ""] = link.exec(service.output()) ?? [];
      tokens.push(token);
      expect(page).toBe(`${service.url}/setup`);
      expect((await fetch(page)).status).toBe(200);
      const setUp = (token: string) =>
        fetch(`${service.url}/v1/auth/setup`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({
            token,
            email: "ada@example.org",
            name: "Ada",
            password: "nine lives and a tail",
          }),
        });
      if (!isLast) continue;
      expect((await setUp(tokens[0] ?? "")).status).toBe(404);
      expect((await setUp(token)).status).toBe(201);
      await service.stop();
    }
    expect(tokens[0]).not.toBe(tokens[1]);
    await using service = await startService({ env });
    expect(service.output()).not.toContain("Set up");
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}, 60_000);
