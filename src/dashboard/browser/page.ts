/** The one element of the page that is there. */
export const find = <Found extends HTMLElement = HTMLElement>(selector: string): Found => {
  const found = document.querySelector<Found>(selector);
  if (found === null) throw new Error(`${selector} is missing`);
  return found;
};

export const show = (selector: string, isShown = true): void => {
  find(selector).hidden = !isShown;
};

export const say = (selector: string, text: string): void => {
  find(selector).textContent = text;
};

/** The token of the link that led here. It is after the `#`, which browsers send nobody. */
export const tokenInAddress = (): string | undefined =>
  new URLSearchParams(location.hash.slice(1)).get("token") ?? undefined;

/** Takes the token out of the address, where it would be seen by others and kept by the browser. */
export const forgetToken = (): void => history.replaceState(null, "", location.pathname);

/** Says what went wrong in the place that `within` has for it, else in that of the page; "" takes it away. */
export const alarm = (text: string, within?: HTMLElement): void => {
  const alert = within?.querySelector<HTMLElement>(".alert") ?? find(".alert");
  alert.hidden = text === "";
  alert.textContent = text;
};
