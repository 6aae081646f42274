import type { Failure } from "./call.ts";

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

const inTime = (seconds: number): string =>
  seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;

const sentence = ({ title, detail, code, retryAfterSeconds }: Failure): string => {
  if (code === "too_many_attempts" && retryAfterSeconds !== undefined) {
    return `Too many passwords were tried. Try again in ${inTime(retryAfterSeconds)}.`;
  }
  return detail === undefined ? `${title}.` : `${title}. ${detail}`;
};

export const alarm = (text: string): void => {
  const alert = find(".alert");
  alert.hidden = text === "";
  alert.textContent = text;
};

/** Says what went wrong: beside the field that is wrong, else above the form. */
export const tell = (failure: Failure): void => {
  const { parameter, detail = "" } = failure;
  const input =
    parameter === undefined ? null : document.querySelector<HTMLInputElement>(`input[name=${parameter}]`);
  const error = document.getElementById(`${parameter}-error`);
  if (input === null || error === null || input.form?.hidden !== false) {
    alarm(sentence(failure));
    return;
  }
  error.hidden = false;
  error.textContent = detail.replace(`${parameter} `, "It ");
  input.setAttribute("aria-invalid", "true");
  input.focus();
};

const clear = (form: HTMLFormElement): void => {
  alarm("");
  for (const input of form.querySelectorAll("input")) input.removeAttribute("aria-invalid");
  for (const error of form.querySelectorAll<HTMLElement>(".error")) error.hidden = true;
};

/** Sends the form by the script when it is submitted, one at a time, and says what went wrong. */
export const onSubmit = (
  send: (fields: Readonly<Record<string, string>>) => Promise<Failure | undefined>,
): void => {
  const form = find<HTMLFormElement>("form");
  const button = find("form button[type=submit]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true") return;
    clear(form);
    const empty = [...form.querySelectorAll("input")].find(({ value }) => value.trim() === "");
    if (empty !== undefined) {
      const label = empty.labels?.[0]?.textContent ?? "This";
      tell({ status: 0, code: "", title: "", parameter: empty.name, detail: `${label} is needed.` });
      return;
    }
    button.setAttribute("aria-disabled", "true");
    const fields = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    const failure = await send(fields);
    button.removeAttribute("aria-disabled");
    if (failure !== undefined) tell(failure);
  });
};

/** Lets people see the passwords that they type. */
export const letReveal = (): void => {
  for (const button of document.querySelectorAll<HTMLButtonElement>(".reveal")) {
    const input = find<HTMLInputElement>(`#${button.getAttribute("aria-controls")}`);
    button.addEventListener("click", () => {
      const isShown = input.type === "password";
      input.type = isShown ? "text" : "password";
      button.textContent = isShown ? "Hide" : "Show";
      button.setAttribute("aria-pressed", String(isShown));
    });
  }
};
