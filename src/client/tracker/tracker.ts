import { flush, startDelivery } from "./delivery.ts";
import { isSampledOut } from "./identity.ts";
import { on, settings } from "./page.ts";
import { startPageViews } from "./page-views.ts";
import { track } from "./track.ts";
import { startWidgets } from "./widgets.ts";
import type { FootfallApi } from "./wire.ts";

declare global {
  interface Navigator {
    readonly globalPrivacyControl?: boolean;
    readonly doNotTrack: string | null;
  }
  interface Document {
    readonly prerendering?: boolean;
    /** The mark of a loaded script, whatever its global is called. */
    footfall?: FootfallApi;
  }
}

const startCounting = () => {
  startPageViews();
  startWidgets();
};

// A theme and a plugin may both put the tag on a page: only the first one counts.
if (!document.footfall) {
  const silent = navigator.globalPrivacyControl || navigator.doNotTrack === "1" || isSampledOut();
  const globals = window as unknown as Record<string, FootfallApi>;
  globals[settings.global ?? "footfall"] = document.footfall = {
    trackEvent(type, properties) {
      if (!silent) track(type, properties);
    },
    flush,
  };
  if (!silent) {
    startDelivery();
    // A prerendered page may never be seen: it counts from its activation.
    if (document.prerendering) on("prerenderingchange" as "visibilitychange", startCounting);
    else startCounting();
  }
}
