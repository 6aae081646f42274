import { remembers, settings } from "./page.ts";

enum Session {
  InactivityMs = 30 * 60_000,
}

/**
 * A new id in the form of a ULID: 26 digits that sort by time, the digits hexadecimal only to save the table. Written out
 * because `crypto.randomUUID` is missing on pages without TLS; these ids must be unique (60 random bits in a millisecond),
 * not secret.
 */
export const newId = (): string => {
  let id = Date.now().toString(16);
  while (id.length < 26) id += Math.random().toString(16).slice(2);
  return id.slice(0, 26);
};

/**
 * The ids to put on an event: none by default, with `data-visitor="storage"` the browser's visitor id and the session's,
 * which changes after 30 minutes without an event. Where storage is closed: none, and the server counts without.
 */
export const identity = (): { visitor_id: string; session_id: string } | undefined => {
  try {
    if (remembers) {
      const now = Date.now();
      let [visitor_id = newId(), session_id, last] = localStorage.footfall?.split(".") ?? [];
      // Written as "not less", so that a missing or broken time begins a session too.
      if (!(now - last < Session.InactivityMs)) session_id = newId();
      localStorage.footfall = [visitor_id, session_id, now].join(".");
      return { visitor_id, session_id };
    }
  } catch {}
};

/**
 * Whether this visitor is outside the sample of `data-sample`. The draw is kept per browser with `data-visitor="storage"`,
 * otherwise per tab; only the draw (three digits, never sent) is stored, so a larger share later keeps those it had.
 */
export const isSampledOut = (): boolean => {
  if (!settings.sample) return false;
  let drawn = Math.floor(Math.random() * 1000);
  try {
    drawn = (remembers ? localStorage : sessionStorage).footfall_sample ??= drawn;
  } catch {}
  return drawn >= +settings.sample * 1000;
};
