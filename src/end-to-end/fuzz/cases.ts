import { makeRandom, type Random } from "../../testing/traffic/random.ts";
import type { Draw, FuzzCase, Generator } from "./fuzz-case.ts";
import { markerOf } from "./marker.ts";
import { byteMutations, sendBytes } from "./mutations/bytes.ts";
import { gzipMutations } from "./mutations/gzip.ts";
import { framingMutations } from "./mutations/http-framing.ts";
import { headerMutations } from "./mutations/http-headers.ts";
import { jsonMutations } from "./mutations/json.ts";
import { soundBody } from "./sound-batch.ts";

interface Kind {
  readonly name: string;
  readonly weight: number;
  readonly generate: Generator;
}

/** Bodies that take long to make, to send or to store come less often. */
const rare: Readonly<Record<string, number>> = {
  "json: 500 events": 0.05,
  "json: 501 events": 0.1,
  "json: too long": 0.1,
  "json: many keys": 0.3,
  "gzip: bomb": 0.3,
  "gzip: too long unpacked": 0.3,
  "http: length of 200 MB": 0.3,
};

const groups: Readonly<Record<string, Readonly<Record<string, Generator>>>> = {
  bytes: byteMutations,
  json: jsonMutations,
  gzip: gzipMutations,
  http: { ...headerMutations, ...framingMutations },
  sound: { batch: (draw) => sendBytes(draw, soundBody(draw)) },
};

/** Share of each group, in hundredths; the rest sends an earlier case again. */
const shares: Readonly<Record<string, number>> = { bytes: 25, json: 38, gzip: 12, http: 16, sound: 5 };

const kinds: ReadonlyArray<Kind> = Object.entries(groups).flatMap(([group, generators]) => {
  const names = Object.keys(generators);
  return names.map((name): Kind => {
    const full = `${group}: ${name}`;
    const weight = ((shares[group] ?? 0) / names.length) * (rare[full] ?? 1);
    return { name: full, weight, generate: generators[name] as Generator };
  });
});

const AGAIN: Kind = { name: "sent again", weight: 4, generate: () => ({ pieces: [], expected: "anything" }) };
const all = [...kinds, AGAIN];
const weightOfAll = all.reduce((sum, { weight }) => sum + weight, 0);

const kindFor = (random: Random): Kind => {
  let left = random.next() * weightOfAll;
  for (const kind of all) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  return AGAIN;
};

export const kindNames: ReadonlyArray<string> = all.map(({ name }) => name);

/** The case with that number, always the same for a seed and a clock (epoch ms). */
export const makeCase = (seed: number, now: number, number: number): FuzzCase => {
  const random = makeRandom(seed, `case ${number}`);
  const kind = kindFor(random);
  if (kind === AGAIN && number > 0) {
    return { ...makeCase(seed, now, random.below(number)), number, kind: AGAIN.name };
  }
  const draw: Draw = { random, now, marker: (index) => markerOf(seed, number, index) };
  return { ...kind.generate(draw), number, marks: number, kind: kind.name };
};
