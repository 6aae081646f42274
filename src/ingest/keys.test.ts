import { beforeAll, describe, expect, test } from "bun:test";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";

const event = { event_type: "page_view", page_url: "https://shop.example/", site_id: "shop.example" };
const batch = (key?: string, more: object = {}) => ({
  events: [event],
  ...(key === undefined ? {} : { api_key: key }),
  ...more,
});
const page = { origin: "https://shop.example" };

for (const requireApiKey of [false, true]) {
  describe(requireApiKey ? "where events need a key" : "where events without a key have a project", () => {
    const service = serviceForTests({ settings: { requireApiKey } });
    const manage = async <Body>(method: string, path: string, body?: object): Promise<Body> => {
      const answer = await service.request<Body>(`/v1/projects${path}`, {
        method,
        headers: { "x-admin-key": ADMIN_KEY },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      expect(answer.status).toBeLessThan(300);
      return answer.body;
    };
    interface Made {
      readonly id: string;
      readonly key: string;
    }
    const keyOf = (project: string, kind: string) =>
      manage<Made>("POST", `/${project}/keys`, { kind, label: kind });
    let shop: Made;
    let write: Made;
    let secret: Made;
    beforeAll(async () => {
      shop = await manage<Made>("POST", "", { name: "Shop", origins: ["https://shop.example"] });
      [write, secret] = await Promise.all([keyOf(shop.id, "write"), keyOf(shop.id, "secret")]);
    });
    const stored = async (project: string): Promise<number> => {
      const [row] = await service.rows<{ n: number }>(
        "SELECT count() AS n FROM events WHERE project_id = {project:String}",
        { project },
      );
      return row?.n ?? 0;
    };

    test("the key's project has the events, wherever the key stands", async () => {
      const before = await stored(shop.id);
      const taken = { accepted: 1, rejected: 0 };
      expect((await service.post(batch(write.key), page)).body).toEqual(taken);
      expect((await service.post(batch(undefined, { apiKey: write.key }), page)).body).toEqual(taken);
      expect((await service.post(batch(), { ...page, "x-api-key": write.key })).body).toEqual(taken);
      const inAddress = await service.request(`/v1/events?api_key=${write.key}`, {
        method: "POST",
        body: JSON.stringify(batch()),
        headers: page,
      });
      expect(inAddress.status).toBe(200);
      expect((await service.post(batch(secret.key))).body).toEqual(taken);
      expect(await stored(shop.id)).toBe(before + 5);
      expect(await stored("default")).toBe(0);
    });

    test("the same event of two projects is two events", async () => {
      const twice = (key: string) =>
        service.post({ events: [{ ...event, event_id: "the-same" }], api_key: key });
      const other = await manage<Made>("POST", "", { name: "Other" });
      const { key } = await keyOf(other.id, "secret");
      expect((await twice(secret.key)).body).toEqual({ accepted: 1, rejected: 0 });
      expect((await twice(key)).body).toEqual({ accepted: 1, rejected: 0 });
      expect(await stored(other.id)).toBe(1);
    });

    test("a page of another origin, a server with a page's key and a page with a server's key are sent away", async () => {
      const before = await stored(shop.id);
      const refused = async (body: object, headers: Record<string, string>) => {
        const answer = await service.post<{ code: string }>(body, headers);
        return [answer.status, answer.body.code, answer.headers.get("access-control-allow-origin")];
      };
      expect(await refused(batch(write.key), { origin: "https://thief.example" })).toEqual([
        403,
        "origin_forbidden",
        null,
      ]);
      expect(await refused(batch(write.key), {})).toEqual([403, "missing_origin", null]);
      expect(await refused(batch(secret.key), page)).toEqual([403, "secret_in_page", "*"]);
      expect(await refused(batch("pk_nobody"), page)).toEqual([401, "key_wrong", "*"]);
      expect(await refused(batch(undefined, { api_key: { $ne: null } }), page)).toEqual([
        400,
        "malformed_batch",
        "*",
      ]);
      expect(await stored(shop.id)).toBe(before);
    });

    test("a change of the origins, and a revoked key, count at once", async () => {
      const { key, id } = await keyOf(shop.id, "write");
      expect((await service.post(batch(key), { origin: "https://new.example" })).status).toBe(403);
      await manage("PATCH", `/${shop.id}`, { origins: ["https://shop.example", "https://New.example/"] });
      const taken = await service.post(batch(key), { origin: "https://new.example" });
      expect([taken.status, taken.headers.get("access-control-allow-origin")]).toEqual([
        200,
        "https://new.example",
      ]);
      await manage("DELETE", `/${shop.id}/keys/${id}`);
      expect((await service.post(batch(key), { origin: "https://new.example" })).status).toBe(401);
    });

    test(
      requireApiKey ? "nothing comes in without a key" : "without a key the default project takes them",
      async () => {
        const answer = await service.post<object>(batch(), page);
        expect(answer.status).toBe(requireApiKey ? 401 : 200);
        expect(await stored("default")).toBe(requireApiKey ? 0 : 1);
      },
    );

    test("a key's last use is told", async () => {
      const { data } = await manage<{ data: ReadonlyArray<{ id: string; last_used: string | null }> }>(
        "GET",
        `/${shop.id}/keys`,
      );
      const used = data.find(({ id }) => id === write.id)?.last_used ?? "";
      expect(Math.abs(Date.parse(used) - Date.now())).toBeLessThan(60_000);
    });
  });
}

describe("what projects and keys are made of", () => {
  const service = serviceForTests();
  const told = async (method: string, path: string, body: object) => {
    const answer = await service.request<{ code: string; parameter?: string }>(`/v1/projects${path}`, {
      method,
      headers: { "x-admin-key": ADMIN_KEY },
      body: JSON.stringify(body),
    });
    return [answer.status, answer.body?.code, answer.body?.parameter];
  };
  test.each([
    ["no name", {}, "name"],
    ["an empty name", { name: "  " }, "name"],
    ["a name of two lines", { name: "a\nb" }, "name"],
    ["a long name", { name: "a".repeat(101) }, "name"],
    ["origins in a text", { name: "a", origins: "https://a.example" }, "origins"],
    ["an origin with a path", { name: "a", origins: ["https://a.example/b"] }, "origins"],
    ["an origin with a star", { name: "a", origins: ["https://*.a.example"] }, "origins"],
    ["a star beside an origin", { name: "a", origins: ["*", "https://a.example"] }, "origins"],
    [
      "too many origins",
      { name: "a", origins: Array.from({ length: 101 }, (_, n) => `https://a${n}.example`) },
      "origins",
    ],
    ["no zone", { name: "a", timezone: "Mars/Base" }, "timezone"],
    ["a flag in a text", { name: "a", allow_missing_origin: "yes" }, "allow_missing_origin"],
    ["a field that nobody knows", { name: "a", orgins: [] }, "orgins"],
  ])("a project with %s is refused, and the field is named", async (_, body, parameter) => {
    expect(await told("POST", "", body)).toEqual([400, "invalid_parameter", parameter]);
  });
  test.each([
    ["no kind", { label: "a" }, "kind"],
    ["another kind", { label: "a", kind: "admin" }, "kind"],
    ["the name of a part of every object as its kind", { label: "a", kind: "constructor" }, "kind"],
    ["no label", { kind: "read" }, "label"],
    ["an end that is past", { label: "a", kind: "read", expires: "2020-01-01T00:00:00Z" }, "expires"],
    ["an end without an offset", { label: "a", kind: "read", expires: "2040-01-01T00:00:00" }, "expires"],
  ])("a key with %s is refused, and the field is named", async (_, body, parameter) => {
    expect(await told("POST", "/default/keys", body)).toEqual([400, "invalid_parameter", parameter]);
  });
  test("a project or key that is not there is not found", async () => {
    expect(await told("PATCH", "/nobody", { name: "a" })).toEqual([404, "unknown_project", undefined]);
    expect(await told("POST", "/nobody/keys", { label: "a", kind: "read" })).toEqual([
      404,
      "unknown_project",
      undefined,
    ]);
    expect(await told("DELETE", "/default/keys/nobody", {})).toEqual([404, "unknown_key", undefined]);
    expect(await told("POST", "/default/keys/nobody/rotate", {})).toEqual([404, "unknown_key", undefined]);
  });
});
