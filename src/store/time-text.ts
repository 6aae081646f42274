/** An instant as ClickHouse writes a `DateTime64(3, 'UTC')`: 2026-11-21 05:00:00.849. */
export const timeText = (ms: number): string => new Date(ms).toISOString().slice(0, 23).replace("T", " ");

/** A UTC day, counted from 1970, as ClickHouse writes a `Date`: 2026-11-21. */
export const dateText = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);
