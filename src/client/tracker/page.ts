const tag = document.currentScript as HTMLScriptElement;

/** The tag's own `data-` attributes: the script's settings. */
export const settings = tag.dataset;

/** Where events go: next to the script itself, so that a base path or a first-party proxy is kept. */
export const endpoint = settings.endpoint ?? new URL("v1/events", tag.src);

/** Whether the site chose identifiers in the browser's storage; otherwise the script stores none. */
export const remembers = settings.visitor === "storage";

type Events = WindowEventMap & DocumentEventMap;

/** Listens on the window in the capture phase: that hears the document's events too, and no page handler can stop them. */
export const on = <K extends keyof Events>(type: K, listener: (event: Events[K]) => void): void =>
  addEventListener(type, listener as EventListener, true);
