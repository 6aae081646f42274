const DAY_MS = 86_400_000;
const PAUSE_MS = 500;

const paths = (): ReadonlyArray<string> => {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const range = `from=${day(Date.now() - DAY_MS)}&to=${day(Date.now())}`;
  return [
    `/v1/stats/widgets?${range}&limit=50`,
    `/v1/stats/posts?${range}&limit=50`,
    `/v1/stats/timeseries?${range}&interval=hour`,
    `/v1/stats/widgets?${range}&group_by=date&site_id=site1.example`,
  ];
};

/** Asks as a few people with a dashboard would, one question after the other, until it is stopped. */
export const askOnAndOn = (url: string, key: string) => {
  let times: Array<number> = [];
  let stopped = false;
  const asking = (async () => {
    for (let turn = 0; !stopped; turn++) {
      const path = paths()[turn % paths().length] as string;
      const started = performance.now();
      const response = await fetch(url + path, { headers: { "x-admin-key": key } });
      if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
      await response.arrayBuffer();
      times.push(performance.now() - started);
      await Bun.sleep(PAUSE_MS);
    }
  })();
  return {
    /** Times of the answers since the last call, in milliseconds. */
    takeTimes: () => {
      const taken = times;
      times = [];
      return taken;
    },
    stop: () => {
      stopped = true;
      return asking;
    },
  };
};
