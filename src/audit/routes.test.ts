import { expect, test } from "bun:test";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";
import type { AuditEntry } from "./audit-log.ts";

const service = serviceForTests();

const call = async <Body = { id: string; key: string }>(method: string, path: string, body?: object) =>
  (
    await service.request<Body>(path, {
      method,
      headers: { "x-admin-key": ADMIN_KEY },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  ).body;

const log = async (query: string) =>
  (await call<{ data: ReadonlyArray<AuditEntry> }>("GET", `/v1/audit?${query}`)).data;

test("every administrative act stands in the log of its project, the newest first, and no key does", async () => {
  const started = Date.now();
  const { id } = await call("POST", "/v1/projects", { name: "Shop" });
  await call("PATCH", `/v1/projects/${id}`, { origins: ["https://shop.example"] });
  const key = await call("POST", `/v1/projects/${id}/keys`, { label: "server", kind: "secret" });
  const next = await call("POST", `/v1/projects/${id}/keys/${key.id}/rotate`);
  await call("DELETE", `/v1/projects/${id}/keys/${next.id}`);
  const steps = [{ event_type: "a" }, { event_type: "b" }];
  await call("POST", "/v1/funnels", { project: id, name: "way", steps });
  await call("PUT", `/v1/funnels/way?project=${id}`, { steps, window: 60 });
  await call("DELETE", `/v1/funnels/way?project=${id}`);

  const entries = await log(`project=${id}`);
  expect(entries.map(({ action, subject, actor }) => [action, subject, actor])).toEqual([
    ["funnel.deleted", "way", "admin key"],
    ["funnel.replaced", "way", "admin key"],
    ["funnel.created", "way", "admin key"],
    ["key.revoked", next.id, "admin key"],
    ["key.rotated", key.id, "admin key"],
    ["key.created", key.id, "admin key"],
    ["project.changed", id, "admin key"],
    ["project.created", id, "admin key"],
  ]);
  expect(entries[6]?.details).toMatchObject({ origins: ["https://shop.example"] });
  expect(entries[4]?.details).toEqual({ replaced_by: next.id, overlap: 86_400 });
  for (const { at } of entries) {
    expect(Date.parse(at)).toBeGreaterThanOrEqual(started);
    expect(Date.parse(at)).toBeLessThanOrEqual(Date.now());
  }
  const text = JSON.stringify(entries);
  expect([text.includes(key.key), text.includes(next.key)]).toEqual([false, false]);

  const last = await log(`project=${id}&limit=3`);
  expect(last).toEqual(entries.slice(0, 3));
  expect(await log(`project=${id}&limit=3&before=${last[2]?.id}`)).toEqual(entries.slice(3, 6));
  expect(await log("")).toEqual([]);
});

test("what is refused changes nothing and is not in the log", async () => {
  const { id } = await call("POST", "/v1/projects", { name: "Quiet" });
  await call("PATCH", `/v1/projects/${id}`, { name: "" });
  await call("DELETE", `/v1/projects/${id}/keys/nobody`);
  await call("DELETE", `/v1/funnels/none?project=${id}`);
  expect((await log(`project=${id}`)).length).toBe(1);
});

test("parameters that are wrong are named", async () => {
  for (const [query, parameter] of [
    ["before=1'%20OR%201", "before"],
    ["limit=0", "limit"],
    ["from=2026-01-01", "from"],
  ]) {
    expect(await call<object>("GET", `/v1/audit?${query}`)).toMatchObject({
      code: "invalid_parameter",
      parameter: parameter as string,
    });
  }
});
