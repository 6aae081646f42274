import { restore } from "./delivery.ts";
import { on, settings } from "./page.ts";
import { track, turnPage } from "./track.ts";
import { beginView } from "./widgets.ts";

const pageView = () => {
  const event = settings.pageViews !== "off" && track("page_view");
  beginView(() => {
    if (event) event.page_title = document.title;
  });
};

const onNavigation = () => {
  if (turnPage()) pageView();
};

/** Counts this page view and every later one: history navigation to another path, and a return from the back-forward cache. */
export const startPageViews = (): void => {
  for (const method of ["pushState", "replaceState"] as const) {
    const original = history[method];
    history[method] = function (...args) {
      original.apply(this, args);
      onNavigation();
    };
  }
  on("popstate", onNavigation);
  on("pageshow", (event) => {
    if (event.persisted) {
      // Later pages of the tab may have sent what this one kept.
      restore();
      pageView();
    }
  });
  pageView();
};
