const COLON = 58;

/** Value of a lower-case hexadecimal digit. */
const digit = (code: number): number => (code < 58 ? code - 48 : code - 87);

// Filled anew by every call.
const groups = new Uint16Array(8);

/** Puts the groups of an IPv6 address as RFC 5952 writes it into `groups`; false if it stopped after four, none of them folded. */
const parse = (address: string): boolean => {
  let count = 0;
  let gap = -1;
  let value = 0;
  for (let at = 0; at <= address.length; at++) {
    const code = at === address.length ? COLON : address.charCodeAt(at);
    if (code !== COLON) {
      value = value * 16 + digit(code);
      continue;
    }
    // No digits stand before the second colon of "::", nor at either end of the address.
    if (at > 0 && address.charCodeAt(at - 1) !== COLON) groups[count++] = value;
    if (count === 4 && gap < 0) return false;
    value = 0;
    if (address.charCodeAt(at + 1) === COLON) gap = count;
  }
  groups.copyWithin(8 - count + gap, gap, count);
  groups.fill(0, gap, 8 - count + gap);
  return true;
};

/** Whether it is an IPv4 address behind a translator, 64:ff9b::/96 (RFC 6052): senders in it have nothing in common. */
const isTranslated = (): boolean =>
  groups[0] === 0x64 &&
  groups[1] === 0xff9b &&
  groups[2] === 0 &&
  groups[3] === 0 &&
  groups[4] === 0 &&
  groups[5] === 0;

/** Two groups as one number. */
const pair = (index: number): number => (groups[index] ?? 0) * 65_536 + (groups[index + 1] ?? 0);

/**
 * A text that is the same for all addresses that one sender has to itself: an IPv4 address as it is, or two numbers for
 * the /64 network of an IPv6 address, in which a sender may take any address it likes. Takes an address in its normal
 * spelling (see `normalAddress`), or "", which stays as it is.
 */
export const senderNetwork = (address: string): string => {
  if (!address.includes(":")) return address;
  return parse(address) && isTranslated() ? address : `${pair(0)}/${pair(2)}`;
};
