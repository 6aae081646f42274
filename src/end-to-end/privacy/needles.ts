/** A text or bytes that must not be found, and what it is. */
export interface Needle {
  readonly name: string;
  readonly bytes: Buffer;
}

const percent = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");

/** Base64 of a text that stands somewhere in a longer one: without the characters that its neighbours have a part in. */
const base64Within = (bytes: Uint8Array): ReadonlyArray<string> =>
  [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const first = [0, 2, 3][before] ?? 0;
    const isWhole = (before + bytes.length) % 3 === 0;
    return text.slice(first, isWhole ? undefined : -1);
  });

/** A planted value in every form in which it might lie somewhere: as it is, hexadecimal, base64, percent-encoded, UTF-16. */
export const needlesOf = (name: string, value: string): ReadonlyArray<Needle> => {
  const bytes = Buffer.from(value);
  const base64 = base64Within(bytes);
  const forms: Readonly<Record<string, ReadonlyArray<string>>> = {
    plain: [value, value.toUpperCase()],
    "in JSON": [value.replaceAll("@", "\\u0040")],
    hexadecimal: [bytes.toString("hex"), bytes.toString("hex").toUpperCase()],
    base64: [...base64, ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"))],
    "percent-encoded": [
      encodeURIComponent(value),
      encodeURIComponent(encodeURIComponent(value)),
      percent(bytes),
      percent(bytes).toUpperCase(),
    ],
  };
  const found = new Map<string, Needle>();
  for (const [form, texts] of Object.entries(forms)) {
    for (const text of texts) {
      if (!found.has(text)) found.set(text, { name: `${name}, ${form}`, bytes: Buffer.from(text) });
    }
  }
  return [...found.values(), { name: `${name}, UTF-16`, bytes: Buffer.from(value, "utf16le") }];
};
