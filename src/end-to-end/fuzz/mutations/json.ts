import type { Random } from "../../../testing/traffic/random.ts";
import { type Draw, type Generator, pick, within } from "../fuzz-case.ts";
import { type Json, someEvents, soundBatch, soundEvent } from "../sound-batch.ts";
import { sendBytes } from "./bytes.ts";
import { anyJsonText, oddKeys, oddValues } from "./odd-values.ts";

/** Where a value stands in a batch: the object or array that holds it, and its key there. */
interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

const placesIn = (value: unknown, found: Array<Place> = []): ReadonlyArray<Place> => {
  if (typeof value !== "object" || value === null) return found;
  const holder = value as Record<string, unknown>;
  for (const key of Object.keys(holder)) {
    found.push({ holder, key });
    placesIn(holder[key], found);
  }
  return found;
};

/** What is to stand in the text as it is; `JSON.stringify` sees a string without anything to escape. */
class Texts {
  readonly #texts: Array<string> = [];

  stand(text: string): string {
    this.#texts.push(text);
    return `@text ${this.#texts.length - 1}@`;
  }

  write(value: unknown): string {
    return JSON.stringify(value).replace(/"@text (\d+)@"/g, (_, n) => this.#texts[Number(n)] ?? "");
  }
}

const putInto = (draw: Draw, text: () => string): string => {
  const { random } = draw;
  const batch = soundBatch(draw, someEvents(random));
  const texts = new Texts();
  for (let n = random.chance(0.7) ? 1 : within(random, 2, 5); n > 0; n--) {
    const { holder, key } = pick(random, placesIn(batch));
    holder[key] = texts.stand(text());
  }
  return texts.write(batch);
};

/** A batch in which one to five values, anywhere, are something else. */
const withOdd =
  (odd: (random: Random) => string): Generator =>
  (draw) =>
    sendBytes(draw, Buffer.from(putInto(draw, () => odd(draw.random))));

/** A batch in which one field of each event has such a value. */
const withField =
  (fields: ReadonlyArray<string>, odd: (random: Random) => string): Generator =>
  (draw) => {
    const texts = new Texts();
    const batch = soundBatch(draw, someEvents(draw.random));
    for (const event of batch.events) event[pick(draw.random, fields)] = texts.stand(odd(draw.random));
    return sendBytes(draw, Buffer.from(texts.write(batch)));
  };

const urlFields = ["page_url", "page_path", "referrer", "referrer_domain", "site_id"];

/** The object that holds a key twice, or one that programs stumble over; in the text of a batch. */
const withKey = (draw: Draw, key: () => string): string => {
  const { random } = draw;
  const text = JSON.stringify(soundBatch(draw, someEvents(random)));
  const starts = [...text.matchAll(/\{/g)].map(({ index }) => index + 1);
  const at = pick(random, starts);
  const value = pick(random, Object.values(oddValues))(random);
  const comma = text[at] === "}" ? "" : ",";
  return `${text.slice(0, at)}"${key()}":${value}${comma}${text.slice(at)}`;
};

const ownKeys = ["events", "event_id", "event_type", "properties", "occurred_at", "mapping_id", "user_id"];

const countOf =
  (count: number): Generator =>
  (draw) =>
    sendBytes(draw, Buffer.from(JSON.stringify(soundBatch(draw, count))));

/** Anything but a batch, or a batch of anything. */
export const randomJson = (draw: Draw): string => {
  const { random } = draw;
  const any = () =>
    random.chance(0.5) ? anyJsonText(random) : pick(random, Object.values(oddValues))(random);
  if (random.chance(0.3)) return any();
  const events: Array<string> = [];
  for (let n = within(random, 1, 4); n > 0; n--) {
    events.push(random.chance(0.3) ? JSON.stringify(soundEvent(draw, n)) : any());
  }
  return `{"events":[${events.join(",")}]}`;
};

const sentAt: Generator = (draw) => {
  const texts = new Texts();
  const odd = pick(draw.random, [oddValues["a date"], oddValues["a number"], oddValues["another type"]]);
  const batch: Record<string, Json> = soundBatch(draw, someEvents(draw.random));
  batch.sent_at = draw.random.chance(0.5) ? draw.now - 5000 : texts.stand(odd?.(draw.random) ?? "0");
  return sendBytes(draw, Buffer.from(texts.write(batch)));
};

const sameIdTwice: Generator = (draw) => {
  const batch = soundBatch(draw, within(draw.random, 2, 6));
  for (const event of batch.events) if (draw.random.chance(0.5)) event.event_id = draw.marker(0);
  return sendBytes(draw, Buffer.from(JSON.stringify(batch)));
};

const tooLong: Generator = (draw) =>
  sendBytes(
    draw,
    Buffer.from(JSON.stringify(soundBatch(draw, 1)).padEnd(1024 * 1024 + within(draw.random, 1, 300_000))),
  );

export const jsonMutations: Readonly<Record<string, Generator>> = {
  ...Object.fromEntries(Object.entries(oddValues).map(([name, odd]) => [name, withOdd(odd)])),
  "a URL in a field of a URL": withField(urlFields, (random) => oddValues["a URL"]?.(random) ?? '""'),
  "slow text in a field of a URL": withField(
    [...urlFields, "user_agent", "page_title"],
    (random) => oddValues["a string that is slow to match"]?.(random) ?? '""',
  ),
  "odd time": withField(
    ["occurred_at"],
    (random) => pick(random, [oddValues["a date"], oddValues["a number"]])?.(random) ?? "0",
  ),
  "odd sent_at": sentAt,
  "a key twice": (draw) => sendBytes(draw, Buffer.from(withKey(draw, () => pick(draw.random, ownKeys)))),
  "an odd key": (draw) => sendBytes(draw, Buffer.from(withKey(draw, () => pick(draw.random, oddKeys)))),
  "any JSON": (draw) => sendBytes(draw, Buffer.from(randomJson(draw))),
  "one id several times": sameIdTwice,
  "no events": countOf(0),
  "500 events": countOf(500),
  "501 events": countOf(501),
  "too long": tooLong,
};
