/** The tenant whose events and numbers are meant where none is named. */
export const DEFAULT_PROJECT = "default";
