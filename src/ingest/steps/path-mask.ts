/** The longest path that is kept, in UTF-16 units. */
export const maxPathLength = 2048;

const fewestDigits = 9;
const delimiter = /[\s/?#&;=,:"'<>()[\]\\|]/;
/** "logo@2x.png" is a picture for sharp screens. */
const retinaImage = /^\d+x\./;
const domain = /^(?:[\p{L}\p{N}%_-]+\.)+[\p{L}%][\p{L}\p{N}%-]+/u;
const at = /@|%(?:25)*40/gi;

/**
 * A scan from each "@" outwards, because a regular expression that begins with a local part of any length takes
 * quadratic time on a long word without an "@".
 */
const maskEveryEmail = (text: string): string => {
  let out = "";
  let done = 0;
  let bound = 0;
  for (const sign of text.matchAll(at)) {
    const end = sign.index + sign[0].length;
    let start = sign.index;
    while (start > bound && !delimiter.test(text.charAt(start - 1))) start--;
    bound = end;
    // A domain name has at most 253 characters; percent-encoding makes up to three of each.
    const found = domain.exec(text.slice(end, end + 760))?.[0];
    if (start === sign.index || found === undefined || retinaImage.test(found)) continue;
    out += `${text.slice(done, start)}[email]`;
    done = bound = end + found.length;
  }
  return done === 0 ? text : out + text.slice(done);
};

/** Digits, alone or in groups that spaces, dashes, plus signs or parentheses (also percent-encoded) part. */
const digits = /(?<!%)(?<!%[0-9a-f])(?:[+(]|%2[8b])*\d(?:(?:[-+ ()]|%2[089bd]){0,3}\d)*/gi;
const separators = /(?:[-+ ()]|%2[089bd])+/i;
const isoDates = /((?<!\d)(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d))/;
const year = /^(?:19|20)\d\d$/;

const maskGroups = (run: string): string => {
  const groups = run.split(separators).filter((group) => group !== "");
  const count = groups.reduce((sum, group) => sum + group.length, 0);
  const onlyYears = groups.length > 1 && groups.every((group) => year.test(group));
  return count < fewestDigits || onlyYears ? run : "[number]";
};

/** "top-10-2024-01-15-123" is a slug: a date is no part of a card or phone number, so it parts what stands around it. */
const maskRun = (run: string): string => {
  const parts = run.split(isoDates);
  if (parts.length === 1) return maskGroups(run);
  return parts.map((part, i) => (i % 2 === 1 ? part : part.replace(digits, maskGroups))).join("");
};

/** Most texts have neither; finding that out by a loop costs a fraction of the expressions. */
const mayHoldNumber = (text: string): boolean => {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57 && ++count === fewestDigits) return true;
    // No run crosses a "/", so "/2024/01/15/post-123" is done here.
    if (code === 47) count = 0;
  }
  return false;
};

/** Whether a text may have an "@", percent-encoded (more than once, too) or not. */
export const mayHoldEmail = (text: string): boolean =>
  // Single characters are found several times as fast as longer texts, and few bodies have a "%".
  text.includes("@") || (text.includes("%") && (text.includes("%40") || text.includes("%25")));

/** Masks e-mail addresses, also with a percent-encoded "@", as `[email]`. */
export const maskEmails = (text: string): string => (mayHoldEmail(text) ? maskEveryEmail(text) : text);

/**
 * Masks what may name a person in a path or a campaign value: e-mail addresses (also with a percent-encoded "@") become
 * `[email]`, and nine or more digits, together or in groups as on cards and in phone numbers, become `[number]`.
 *
 * Nine, because the numbers of pages end before (a WordPress post id or a compact date has eight digits at most), and
 * those of people begin there: social security 9, phone 9–15, cards 13–19. Dates and years in groups stay.
 */
export const maskPersonal = (text: string): string => {
  const named = maskEmails(text);
  return mayHoldNumber(named) ? named.replace(digits, maskRun) : named;
};
