import { describe, expect, test } from "bun:test";
import { Sighting } from "./sightings.ts";
import { MINUTE, SECOND, traffic } from "./testing/moved-clock.ts";

describe("memory is bounded", () => {
  const limits = { projectWeight: 4000, weight: 10_000, projectSites: 50, sites: 200, projects: 20 };

  // As good as random, as visitors' numbers are.
  const visitorOf = (n: number) => String(Bun.hash.xxHash64(String(n)));
  const sighted = (
    n: number,
    at: number,
    overrides: { readonly site?: string; readonly page?: string } = {},
  ) => {
    const { site = "a.example", page = "/" } = overrides;
    const sighting = new Sighting(site, visitorOf(n), page, "", "direct", Math.floor(at / SECOND));
    sighting.views = 1;
    sighting.viewedAt = sighting.seenAt;
    return sighting;
  };

  test("under a flood of visitors, who are then estimated; page views are not", () => {
    const { recent, read, now } = traffic(limits);
    for (let n = 0; n < 100_000; n++) {
      recent.record("default", "DE", [sighted(n, now(), { page: n % 4 === 0 ? "/quarter" : "/rest" })]);
      if (n % 1000 === 0) expect(recent.held.weight).toBeLessThanOrEqual(limits.projectWeight + 2);
    }
    const { activeUsers, pageviewsLast5Min, pages, countries, exact } = read();
    expect({ pageviewsLast5Min, exact }).toEqual({ pageviewsLast5Min: 100_000, exact: false });
    // Some 1,500 are followed: three standard errors are 8 %.
    expect(Math.abs(activeUsers / 100_000 - 1)).toBeLessThan(0.1);
    expect(countries).toEqual([{ country: "DE", visitors: activeUsers }]);
    expect(Math.abs((pages[1]?.visitors ?? 0) / 25_000 - 1)).toBeLessThan(0.2);
  });

  test("under a flood of pages, long ones too, of many visitors and of one", () => {
    const { recent, read, now } = traffic(limits);
    const long = "x".repeat(2000);
    for (let n = 0; n < 20_000; n++) {
      recent.record("default", "", [sighted(n % 500, now(), { page: `/${n}` })]);
      recent.record("default", "", [sighted(n, now(), { page: `/${n}${long}` })]);
    }
    expect(recent.held.weight).toBeLessThanOrEqual(limits.projectWeight + 20);
    for (let n = 0; n < 20_000; n++) recent.record("other", "", [sighted(0, now(), { page: `/${n}` })]);
    expect(read({ project: "other" })).toMatchObject({ activeUsers: 1, exact: false });
    expect(recent.held.weight).toBeLessThanOrEqual(limits.projectWeight + 100);
  });

  test("under a flood of sites, of which the first have their own numbers", () => {
    const { recent, read, now } = traffic(limits);
    for (let n = 0; n < 5000; n++) recent.record("default", "", [sighted(1, now(), { site: `site${n}` })]);
    expect(recent.held.sites).toBe(limits.projectSites);
    expect(recent.held.weight).toBeLessThanOrEqual(200);
    expect(read()).toMatchObject({ activeUsers: 1, pageviewsLast5Min: 5000 });
    expect(read({ sites: new Set(["site7"]) }).pageviewsLast5Min).toBe(1);
    expect(read({ sites: new Set(["site4999"]) })).toMatchObject({ pageviewsLast5Min: 0, exact: false });
  });

  test("under a flood of projects: the largest give way, the small ones stay exact", () => {
    const { recent, read, now } = traffic(limits);
    recent.record("small", "", [sighted(1, now())]);
    for (let n = 0; n < 60_000; n++) recent.record(`p${n % 15}`, "", [sighted(n, now())]);
    expect(recent.held.weight).toBeLessThanOrEqual(limits.weight + 2);
    expect(read({ project: "small" })).toMatchObject({ activeUsers: 1, exact: true });
    expect(read({ project: "p3" }).exact).toBe(false);
    expect(Math.abs(read({ project: "p3" }).activeUsers / 4000 - 1)).toBeLessThan(0.3);
    for (let n = 0; n < 1000; n++) recent.record(`more${n}`, "", [sighted(n, now())]);
    expect(recent.held.projects).toBe(limits.projects);
    expect(read({ project: "more999" })).toMatchObject({ activeUsers: 0, exact: false });
  });

  test("and free when all is over; everybody counts again then", () => {
    const { recent, read, now, pass } = traffic(limits);
    for (let n = 0; n < 50_000; n++) recent.record("default", "", [sighted(n, now())]);
    for (let minute = 0; minute < 30; minute++) {
      pass(MINUTE);
      recent.record("default", "", [sighted(1, now())]);
      recent.tidy();
    }
    for (let step = 0; step < 12; step++) {
      pass(5 * MINUTE);
      recent.record("default", "", [sighted(1, now())]);
      recent.tidy();
    }
    expect(read()).toMatchObject({ activeUsers: 1, exact: true });
    pass(31 * MINUTE);
    recent.tidy();
    recent.tidy();
    expect(recent.held).toEqual({ projects: 0, sites: 0, weight: 0 });
  });
});
