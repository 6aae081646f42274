import { describe, expect, test } from "bun:test";
import { begin, MINUTE, SECOND, traffic } from "./testing/moved-clock.ts";

describe("the numbers of the moment", () => {
  test("a minute is over when the clock says so, and leaves the picture 30 minutes after", () => {
    const { take, read, pass } = traffic();
    take([{ event_type: "page_view" }]);
    expect(read().perMinute.at(-1)).toBe(1);
    pass(29_999);
    expect(read().perMinute.at(-1)).toBe(1);
    pass(1);
    expect(read().perMinute.slice(-2)).toEqual([1, 0]);
    pass(28 * MINUTE);
    expect(read().perMinute[0]).toBe(1);
    pass(MINUTE);
    expect(read().perMinute).toEqual(Array.from({ length: 30 }, () => 0));
  });

  test("a visitor is there for five minutes after the last event, of whatever type", () => {
    const { take, read, pass } = traffic();
    take([{ event_type: "scroll", visitor_id: "v", page_path: "/a" }]);
    pass(5 * MINUTE - 1);
    expect(read()).toMatchObject({
      activeUsers: 1,
      pageviewsLast5Min: 0,
      pages: [{ page: "/a", visitors: 1 }],
    });
    pass(1);
    expect(read()).toMatchObject({ activeUsers: 0, pages: [] });
  });

  test("a visitor's source and country are those of the stay, which ends with a pause of five minutes", () => {
    const { take, read, pass } = traffic();
    const event = (referrer?: string) => ({
      event_type: "page_view",
      visitor_id: "v",
      page_url: "https://a.example/",
      ...(referrer === undefined ? {} : { referrer }),
    });
    const google = { source: "google.com", channel: "organic_search", visitors: 1 };
    take([event("https://www.google.com/")], "FR");
    for (let minutes = 0; minutes < 12; minutes += 4) {
      pass(4 * MINUTE);
      take([event("https://a.example/before")], "DE");
      expect(read().sources).toEqual([google]);
    }
    expect(read().countries).toEqual([{ country: "DE", visitors: 1 }]);
    pass(5 * MINUTE);
    take([event()], "DE");
    expect(read().sources).toEqual([{ source: "", channel: "direct", visitors: 1 }]);
    // Its true first event comes late.
    take([{ ...event("https://www.bing.com/"), occurred_at: begin + 17 * MINUTE - 2 * SECOND }], "FR");
    expect(read().sources).toMatchObject([{ source: "bing.com" }]);
    expect(read().countries).toEqual([{ country: "DE", visitors: 1 }]);
  });

  test("a visitor on several sites counts once in the project", () => {
    const { take, read } = traffic();
    take(
      ["a.example", "b.example"].map((site_id) => ({ event_type: "page_view", visitor_id: "v", site_id })),
    );
    expect(read()).toMatchObject({ activeUsers: 1, pageviewsLast5Min: 2 });
    expect(read({ sites: new Set(["a.example"]) })).toMatchObject({ activeUsers: 1, pageviewsLast5Min: 1 });
    expect(read({ project: "other" })).toMatchObject({ activeUsers: 0, exact: true });
  });

  test("a clock that goes back does not leave numbers of the future behind", () => {
    const { recent, take, read, pass } = traffic();
    recent.tidy();
    pass(3 * 60 * MINUTE);
    take([{ event_type: "page_view" }]);
    recent.tidy();
    pass(-3 * 60 * MINUTE);
    recent.tidy();
    take([{ event_type: "page_view" }]);
    expect(read()).toMatchObject({ activeUsers: 1, pageviewsLast5Min: 1, exact: false });
    pass(30 * MINUTE);
    expect(read().exact).toBe(true);
  });
});
