import { Either } from "effect";
import { decodeWatched, watchedNames } from "../stats/anomalies/parameters.ts";
import { type Decoded, invalid, list, onlyKnown, scalar } from "../stats/parameters/reader.ts";
import { type WebhookWish, webhookEvents } from "./webhook.ts";

/** Higher than in questions: nobody is called at night for what chance does once a month. */
export const WEBHOOK_THRESHOLD = 5;

/** Webhooks that a project may have: each asks its question every hour. */
export const MAXIMUM_WEBHOOKS = 20;

const takesBody = 'a JSON object such as {"url": "https://example.org/hook"}';

const plain = (value: unknown): value is string | number =>
  typeof value === "string" || typeof value === "number";

/** The fields of a JSON object as parameters, so that they are decoded like those of a URL. A list is one given again. */
const fieldsOf = (body: Uint8Array): Decoded<URLSearchParams> => {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return invalid("body", `takes ${takesBody}.`);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return invalid("body", `takes ${takesBody}.`);
  }
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(json)) {
    const values: ReadonlyArray<unknown> = Array.isArray(value) ? value : [value];
    for (const each of values) {
      if (!plain(each)) return invalid(name.slice(0, 64), "takes texts and numbers, or a list of them.");
      params.append(name, String(each));
    }
  }
  return Either.right(params);
};

/** The webhook that a request's body asks for. Its URL is not looked at. */
export const decodeWebhook = (body: Uint8Array): Decoded<WebhookWish> =>
  Either.gen(function* () {
    const params = yield* fieldsOf(body);
    yield* onlyKnown(params, ["url", "events", ...watchedNames]);
    const url = yield* scalar(params, "url", "an https URL");
    if (url === undefined) return yield* invalid("url", "is required: an https URL.");
    const events = yield* list(params, "events", {
      takes: `a list of ${webhookEvents.join(", ")}`,
      parse: (text) => webhookEvents.find((event) => event === text),
      commas: false,
    });
    return {
      ...(yield* decodeWatched(params, WEBHOOK_THRESHOLD)),
      url,
      events: events.length === 0 ? webhookEvents : events,
    };
  });
