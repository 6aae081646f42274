import { beforeAll, expect, test } from "bun:test";
import { serviceForTests } from "../testing/service/in-process.ts";
import { type Browser, peopleOf } from "./testing/people.ts";

const service = serviceForTests({ settings: { trustedProxies: "loopback" } });
const people = peopleOf(service);

beforeAll(async () => {
  await people.setUp();
});

/** A WebSocket with somebody's cookies: resolves when it is open and has been told something. */
const watch = async (own: Browser, origin = service.url()) => {
  const cookie = [...own.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const socket = new WebSocket(`${service.url().replace("http", "ws")}/v1/realtime`, {
    headers: { cookie, origin },
  } as never);
  const closed = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(code);
  });
  const isOpen = await Promise.race([
    new Promise<boolean>((resolve) => {
      socket.onmessage = () => resolve(true);
    }),
    closed.then(() => false),
  ]);
  return { isOpen, closed };
};

test("the numbers of the moment are for who is logged in, and no page of another host opens them", async () => {
  const own = await people.member("default", "viewer", "watcher@example.org");
  expect((await watch(own, "https://evil.example")).isOpen).toBe(false);
  expect((await watch(people.browser())).isOpen).toBe(false);
  const { isOpen, closed } = await watch(own);
  expect(isOpen).toBe(true);
  await own.ask("POST", "/v1/auth/logout");
  expect(await closed).toBe(1008);
}, 15_000);

test("a connection by a shared link ends with the link", async () => {
  const { id, url } = await people.admin("POST", "/v1/projects/default/shares", { name: "Screen" });
  const own = people.browser();
  await own.ask("POST", "/v1/auth/share", { token: people.tokenOf(url) });
  const { isOpen, closed } = await watch(own);
  expect(isOpen).toBe(true);
  await people.admin("DELETE", `/v1/projects/default/shares/${id}`);
  expect(await closed).toBe(1008);
}, 15_000);
