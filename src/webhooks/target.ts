import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { Context, Data, Effect, Layer } from "effect";
import { isPublicAddress } from "./public-address.ts";

/** A URL may not be told anything; `message` is the end of "url …". */
export class TargetRefused extends Data.TaggedError("TargetRefused")<{
  readonly message: string;
}> {}

/** Where webhooks may go. A service so that tests can allow this machine, which no setting does. */
export class WebhookTargets extends Context.Tag("footfall/WebhookTargets")<
  WebhookTargets,
  {
    readonly schemes: ReadonlyArray<"https:" | "http:">;
    /** Whether an address may be connected to. */
    readonly allows: (address: string) => boolean;
    /** Every address of a name. Fails, or has none, where there is no such name. */
    readonly resolve: (name: string) => Effect.Effect<ReadonlyArray<string>, TargetRefused>;
    /** Certificates to trust besides the usual ones, as PEM. */
    readonly authorities?: ReadonlyArray<string>;
  }
>() {}

const unresolved = new TargetRefused({ message: "has a host name that has no address." });

/** HTTPS to public addresses, by the machine's own way to look names up. */
export const layerWebhookTargets = Layer.succeed(WebhookTargets, {
  schemes: ["https:"],
  allows: isPublicAddress,
  resolve: (name) =>
    Effect.map(
      Effect.tryPromise({
        try: () => lookup(name, { all: true, order: "ipv4first" }),
        catch: () => unresolved,
      }),
      (found) => found.map(({ address }) => address),
    ),
});

/** A URL whose host was looked up, and may be connected to at any of `addresses`, which is not empty. */
export interface Target {
  readonly url: URL;
  readonly addresses: ReadonlyArray<string>;
}

const MAXIMUM_LENGTH = 2048;

/** Ports below it belong to services that are not meant to be talked to over HTTP, such as mail. */
const FIRST_FREE_PORT = 1024;
const HTTPS_PORT = 443;

/** The host as a name or an address, without brackets and the root's dot. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");

const refuse = (message: string) => new TargetRefused({ message });

/** The URL as the platform reads it, if its form allows it to be told something. Nothing is looked up. */
export const parseTarget = (
  text: string,
  schemes: ReadonlyArray<string>,
): Effect.Effect<URL, TargetRefused> => {
  if (text.length > MAXIMUM_LENGTH) return refuse(`may have at most ${MAXIMUM_LENGTH} characters.`);
  const url = URL.parse(text);
  if (url === null) return refuse("takes an https URL.");
  if (!schemes.includes(url.protocol)) return refuse("takes an https URL.");
  if (url.username !== "" || url.password !== "") {
    return refuse("may not hold a user name or password; deliveries are signed instead.");
  }
  const port = url.port === "" ? HTTPS_PORT : Number(url.port);
  if (port !== HTTPS_PORT && port < FIRST_FREE_PORT) {
    return refuse(`may have port ${HTTPS_PORT}, or one from ${FIRST_FREE_PORT} on.`);
  }
  return hostOf(url) === "" ? refuse("needs a host.") : Effect.succeed(url);
};

/**
 * Looks a URL's host up and allows it only if every address it has is allowed. What connects has to connect to one of
 * these addresses and to look nothing up again: by then the name may have others.
 */
export const findTarget = (text: string): Effect.Effect<Target, TargetRefused, WebhookTargets> =>
  Effect.gen(function* () {
    const { schemes, allows, resolve } = yield* WebhookTargets;
    const url = yield* parseTarget(text, schemes);
    const host = hostOf(url);
    const addresses = isIP(host) === 0 ? yield* resolve(host) : [host];
    if (addresses.length === 0) return yield* unresolved;
    if (!addresses.every(allows))
      return yield* refuse("leads to an address that is not on the public internet.");
    return { url, addresses };
  });
