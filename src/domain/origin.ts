/** An origin as browsers write it, such as `https://example.org`; undefined for what is none, a star within one too. */
export const canonicalOrigin = (text: string): string | undefined => {
  const origin = text.trim().toLowerCase().replace(/\/$/, "");
  // A star within an origin parses as a host, and would match nothing.
  return !origin.includes("*") && URL.canParse(origin) && new URL(origin).origin === origin
    ? origin
    : undefined;
};
