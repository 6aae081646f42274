/** Whether nothing that was answered waits in a running service any more, before the time is up. */
export const settled = async (url: string, withinMs: number): Promise<boolean> => {
  const until = performance.now() + withinMs;
  while (performance.now() < until) {
    const { queued } = (await (await fetch(`${url}/ready`)).json()) as { readonly queued: number };
    if (queued === 0) return true;
    await Bun.sleep(50);
  }
  return false;
};
