import { on } from "./page.ts";
import { track } from "./track.ts";

const SELECTOR = "[data-widget-tracking]";

enum Delay {
  ScanMs = 200,
  SettleMs = 300,
}

declare global {
  interface HTMLElement {
    /** The page view in which the widget was counted last; kept on the element because a map costs too many bytes. */
    footfall?: number;
  }
}

let current = 0;
/** The page view in which an element must have been counted to be done; follows `current` a little later. */
let settled = 0;
// biome-ignore lint/correctness/noUnusedVariables: `||=` below reads it
let scanning = 0;

// Never counted compares as false, like counted too long ago.
const isDue = (widget: HTMLElement) => !((widget.footfall as number) >= settled);

const subject = ({ dataset }: HTMLElement) => ({
  mapping_id: +(dataset.mappingId as string),
  post_id: +(dataset.postId as string),
  device_slug: dataset.deviceSlug,
});

const observer = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      const widget = entry.target as HTMLElement;
      const { width, height } = entry.boundingClientRect;
      const area = entry.intersectionRatio * width * height;
      // Half of what could ever be visible at once: an element taller than two screens never shows half of itself.
      const whole = Math.min(width, innerWidth) * Math.min(height, innerHeight);
      if (!entry.isIntersecting || area * 2 < whole || !isDue(widget)) continue;
      observer.unobserve(widget);
      if (area && getComputedStyle(widget).visibility === "visible") {
        widget.footfall = current;
        track("widget_impression", {
          ...subject(widget),
          widget_index: +(widget.dataset.widgetIndex as string),
          raw_model: widget.dataset.rawModel ?? "",
          viewport_percent: Math.round(entry.intersectionRatio * 100),
        });
      }
      // Neither a style nor growth from nothing is reported to an observer: look again as long as it is in view.
      else scanSoon();
    }
  },
  // Fine steps, because half a screen is a small share of a tall element.
  { threshold: Array.from({ length: 101 }, (_, percent) => percent / 100) },
);

const scan = () => {
  scanning = 0;
  for (const widget of document.querySelectorAll<HTMLElement>(SELECTOR)) {
    if (isDue(widget)) observer.observe(widget);
  }
};

const scanSoon = () => {
  scanning ||= setTimeout(scan, Delay.ScanMs) as unknown as number;
};

/**
 * Begins a page view: each widget may count once more, from the moment the old page's widgets are gone. Frameworks change
 * the address first, the page and its title after; then `onSettled` is called, unless yet another view has begun.
 */
export const beginView = (onSettled: () => void): void => {
  const begun = ++current;
  setTimeout(() => {
    if (begun === current) {
      settled = current;
      scan();
      onSettled();
    }
  }, Delay.SettleMs);
};

const onClick = (event: MouseEvent) => {
  const target = event.target as Element;
  const link = target.closest?.<HTMLAnchorElement>("a[href]");
  const widget = link?.closest<HTMLElement>(SELECTOR);
  // `auxclick` also reports the right button, which opens a menu and follows nothing.
  if (widget && link && event.button < 2) {
    track("widget_click", {
      ...subject(widget),
      click_target: link.dataset.clickTarget ?? (link.textContent.trim().slice(0, 99) || target.localName),
      destination_url: link.href,
    });
  }
};

/** Observes the page's widgets, those inserted later too, and the clicks on links inside them. */
export const startWidgets = (): void => {
  on("click", onClick);
  on("auxclick", onClick);
  new MutationObserver(scanSoon).observe(document, { childList: true, subtree: true });
  scan();
};
