/** What cannot be changed by a few bytes into the marker of another event. */
const checkOf = (seed: number, number: number, index: number): string =>
  Bun.hash.xxHash32(`${seed} ${number} ${index}`).toString(36);

/** The name of an event: which one of which case. Fits everywhere, also into a host. */
export const markerOf = (seed: number, number: number, index: number): string =>
  `fz-${number}-${index}-${checkOf(seed, number, index)}`;

const marker = /fz-(\d+)-(\d+)-([0-9a-z]+)/;

/** The case that a text names; `undefined` when it names none, or was changed. */
export const caseNamedIn = (seed: number, text: string): number | undefined => {
  const found = marker.exec(text);
  if (found === null) return undefined;
  const [, number = "", index = "", check] = found;
  return check === checkOf(seed, Number(number), Number(index)) ? Number(number) : undefined;
};
