import { expect, test } from "bun:test";
import { connect } from "node:net";
import { serviceForTests } from "../../testing/service/in-process.ts";

const service = serviceForTests();

/** The answer to a request line that is sent as it is; clients tidy a path up before they send it. */
const raw = (path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(service.url());
    let text = "";
    const socket = connect(Number(port), hostname, () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
    });
    socket.setTimeout(5000, () => socket.destroy());
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
    });
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });

const climbs = [
  "..",
  "%2e%2e",
  "%2e.",
  "..%2f..",
  "..%5c..",
  "....//....",
  "%252e%252e",
  "%c0%ae%c0%ae",
  "..%00",
];
const roots = ["/", "/docs/", "/demo/", "/demo/device/", "/v1/funnels/", "/analytics.js/"];
const targets = [
  "package.json",
  "etc/passwd",
  "data/admin.key",
  "admin.key",
  "visitor-keys.json",
  "src/main.ts",
];

test("no path leads out of what is served", async () => {
  for (const root of roots) {
    for (const climb of climbs) {
      for (const target of targets) {
        const path = `${root}${`${climb}/`.repeat(6)}${target}`;
        const answer = await raw(path);
        expect({ path, status: /^HTTP\/1\.1 [1345]\d\d|^$/.test(answer) }).toEqual({ path, status: true });
        for (const secret of ["root:x:", '"private"', "installation", "startService"]) {
          expect({ path, has: answer.includes(secret) }).toEqual({ path, has: false });
        }
      }
    }
  }
}, 60_000);

test("files beside those that are served are not there", async () => {
  for (const path of [
    "/docs/swagger-ui-dist/package.json",
    "/docs/package.json",
    "/docs/index.html",
    "/docs/swagger-ui.css.map",
    "/.env",
    "/.git/config",
    "/admin.key",
    "/data/admin.key",
    "/node_modules/effect/package.json",
  ]) {
    expect([path, (await fetch(`${service.url()}${path}`)).status]).toEqual([path, 404]);
  }
});
