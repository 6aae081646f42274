import { expect, test } from "bun:test";
import { Effect, Either, Layer } from "effect";
import { isPublicAddress } from "./public-address.ts";
import { findTarget, layerWebhookTargets, TargetRefused, WebhookTargets } from "./target.ts";

const names: Readonly<Record<string, ReadonlyArray<string>>> = {
  "hooks.example.org": ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
  "private.example.org": ["10.0.0.7"],
  "mixed.example.org": ["93.184.215.14", "127.0.0.1"],
  "mixed6.example.org": ["93.184.215.14", "::ffff:169.254.169.254"],
  "local6.example.org": ["fd12:3456::1"],
  "nowhere.example.org": [],
  localhost: ["127.0.0.1", "::1"],
  "xn--bcher-kva.example": ["93.184.215.14"],
};

const production = Effect.runSync(Effect.provide(WebhookTargets, layerWebhookTargets));

const layer = Layer.succeed(WebhookTargets, {
  ...production,
  resolve: (name) => Effect.succeed(names[name] ?? []),
});

const find = (url: string) => Effect.runSync(Effect.either(Effect.provide(findTarget(url), layer)));

const refused: ReadonlyArray<{ name: string; url: string; says: RegExp }> = [
  { name: "empty", url: "", says: /https/ },
  { name: "no URL", url: "hooks.example.org/x", says: /https/ },
  { name: "relative", url: "//hooks.example.org/x", says: /https/ },
  { name: "plain HTTP", url: "http://hooks.example.org/", says: /https/ },
  { name: "a file", url: "file:///etc/passwd", says: /https/ },
  { name: "data", url: "data:text/plain,x", says: /https/ },
  { name: "script", url: "javascript:alert(1)", says: /https/ },
  { name: "gopher", url: "gopher://hooks.example.org:6379/_SET", says: /https/ },
  { name: "a WebSocket", url: "wss://hooks.example.org/", says: /https/ },
  { name: "unix socket", url: "unix:/var/run/docker.sock", says: /https/ },
  { name: "too long", url: `https://hooks.example.org/${"x".repeat(2048)}`, says: /2048/ },
  { name: "user name", url: "https://admin@hooks.example.org/", says: /user name/ },
  { name: "password", url: "https://a:b@hooks.example.org/", says: /user name/ },
  { name: "a host that looks like another", url: "https://hooks.example.org@127.0.0.1/", says: /user name/ },
  { name: "backslash", url: "https://127.0.0.1\\@hooks.example.org/", says: /public/ },
  { name: "mail", url: "https://hooks.example.org:25/", says: /443/ },
  { name: "SSH", url: "https://hooks.example.org:22/", says: /443/ },
  { name: "HTTP's port", url: "https://hooks.example.org:80/", says: /443/ },
  { name: "port 0", url: "https://hooks.example.org:0/", says: /443/ },
  { name: "huge port", url: "https://hooks.example.org:65536/", says: /https/ },
  { name: "port that overflows", url: "https://hooks.example.org:4294967739/", says: /https/ },
  { name: "no host", url: "https:///path", says: /address/ },
  { name: "loopback", url: "https://127.0.0.1/", says: /public/ },
  { name: "loopback as a number", url: "https://2130706433/", says: /public/ },
  { name: "loopback in hexadecimal", url: "https://0x7f000001/", says: /public/ },
  { name: "loopback in octal", url: "https://0177.0.0.1/", says: /public/ },
  { name: "short loopback", url: "https://127.1/", says: /public/ },
  { name: "loopback with a dot", url: "https://127.0.0.1./", says: /public/ },
  { name: "loopback in other digits", url: "https://１２７.０.０.１/", says: /public/ },
  { name: "loopback in percent signs", url: "https://%31%32%37.0.0.1/", says: /public/ },
  { name: "nothing in particular", url: "https://0/", says: /public/ },
  { name: "metadata", url: "https://169.254.169.254/latest/meta-data/", says: /public/ },
  { name: "IPv6 loopback", url: "https://[::1]/", says: /public/ },
  { name: "IPv6 unspecified", url: "https://[::]/", says: /public/ },
  { name: "mapped loopback", url: "https://[::ffff:127.0.0.1]/", says: /public/ },
  { name: "mapped loopback in hexadecimal", url: "https://[::ffff:7f00:1]/", says: /public/ },
  { name: "unique local", url: "https://[fd00::1]/", says: /public/ },
  { name: "IPv6 with a zone", url: "https://[fe80::1%25eth0]/", says: /https/ },
  { name: "localhost", url: "https://localhost/", says: /public/ },
  { name: "localhost with a dot", url: "https://localhost./", says: /public/ },
  { name: "LOCALHOST", url: "https://LOCALHOST/", says: /public/ },
  { name: "localhost in other letters", url: "https://ⓛocalhost/", says: /public/ },
  { name: "a name with a private address", url: "https://private.example.org/", says: /public/ },
  { name: "one private address of several", url: "https://mixed.example.org/", says: /public/ },
  { name: "one mapped address of several", url: "https://mixed6.example.org/", says: /public/ },
  { name: "a name with a local address", url: "https://local6.example.org/", says: /public/ },
  { name: "a name without an address", url: "https://nowhere.example.org/", says: /no address/ },
];

test.each(refused)("$name is refused", ({ url, says }) => {
  const found = find(url);
  expect(Either.isLeft(found)).toBe(true);
  const error = Either.getOrThrow(Either.flip(found));
  expect(error).toBeInstanceOf(TargetRefused);
  expect(error.message).toMatch(says);
});

test.each([
  ["https://hooks.example.org/a?b=c", "hooks.example.org"],
  ["https://hooks.example.org./", "hooks.example.org."],
  ["https://HOOKS.example.org:8443/", "hooks.example.org"],
  ["https://bücher.example/", "xn--bcher-kva.example"],
  ["https://93.184.215.14/", "93.184.215.14"],
  ["https://[2606:4700:4700::1111]:65535/", "[2606:4700:4700::1111]"],
])("%s is allowed", (text, hostname) => {
  const { url, addresses } = Either.getOrThrow(find(text));
  expect(url.hostname).toBe(hostname);
  expect(addresses.length).toBeGreaterThan(0);
  expect(addresses.every(isPublicAddress)).toBe(true);
});

test("the real service allows HTTPS to public addresses only, and looks names up itself", async () => {
  expect(production.schemes).toEqual(["https:"]);
  expect(production.allows).toBe(isPublicAddress);
  expect(production.authorities).toBeUndefined();
  expect(await Effect.runPromise(production.resolve("localhost"))).toContain("127.0.0.1");
  const real = Effect.provide(findTarget("https://localhost/"), layerWebhookTargets);
  expect(Either.isLeft(await Effect.runPromise(Effect.either(real)))).toBe(true);
});
