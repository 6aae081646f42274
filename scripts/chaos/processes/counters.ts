/** The counters that a service shows at `/metrics`, added up over its lives. */
export interface Counters {
  /** Of one label, such as `("recovery_actions_total", "completed")`. What a life counted in its last moments is missing. */
  readonly total: (name: string, label: string) => number;
  readonly stop: () => Promise<void>;
}

const INTERVAL_MS = 40;
const TIMEOUT_MS = 2000;

const line = /^footfall_(\w+)\{\w+="([^"]*)"\} (\d+)$/gm;

const read = async (url: string): Promise<ReadonlyMap<string, number> | undefined> => {
  try {
    const response = await fetch(`${url}/metrics`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      keepalive: false,
    });
    const text = await response.text();
    return new Map(
      [...text.matchAll(line)].map(([, name, label, count]) => [`${name} ${label}`, Number(count)]),
    );
  } catch {
    return undefined;
  }
};

/** Looks at them again and again until it is stopped; `generation` is the life of the service that runs now. */
export const watchCounters = (url: string, generation: () => number): Counters => {
  const lives = new Map<number, ReadonlyMap<string, number>>();
  let stopped = false;
  const watch = async (): Promise<void> => {
    while (!stopped) {
      const life = generation();
      const counts = await read(url);
      if (counts !== undefined && generation() === life) lives.set(life, counts);
      await Bun.sleep(INTERVAL_MS);
    }
  };
  const watching = watch();
  return {
    total: (name, label) => {
      let sum = 0;
      for (const counts of lives.values()) sum += counts.get(`${name} ${label}`) ?? 0;
      return sum;
    },
    stop: async () => {
      stopped = true;
      await watching;
    },
  };
};
