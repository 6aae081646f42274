import type { Failure } from "./call.ts";
import { alarm, find } from "./page.ts";

const inTime = (seconds: number): string =>
  seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;

/** What went wrong, in words for people. */
export const sentence = ({ title, detail, code, retryAfterSeconds }: Failure): string => {
  if (code === "too_many_attempts" && retryAfterSeconds !== undefined) {
    return `Too many passwords were tried. Try again in ${inTime(retryAfterSeconds)}.`;
  }
  return detail === undefined ? `${title}.` : `${title}. ${detail}`;
};

/** Says what went wrong: beside the field of the form that is wrong, else where the form, or the page, says so. */
export const tell = (failure: Failure, form = find<HTMLFormElement>("form")): void => {
  const { parameter, detail = "" } = failure;
  const input =
    parameter === undefined ? null : form.querySelector<HTMLInputElement>(`input[name=${parameter}]`);
  const error = document.getElementById(`${input?.id}-error`);
  if (input === null || error === null || form.hidden) {
    alarm(sentence(failure), form);
    return;
  }
  error.hidden = false;
  error.textContent = detail.replace(`${parameter} `, "It ");
  input.setAttribute("aria-invalid", "true");
  input.focus();
};

/** Takes away what was said of the form. */
export const clear = (form: HTMLFormElement): void => {
  alarm("", form);
  for (const input of form.querySelectorAll("input")) input.removeAttribute("aria-invalid");
  for (const error of form.querySelectorAll<HTMLElement>(".error")) error.hidden = true;
};

const isEmpty = ({ type, checked, value }: HTMLInputElement): boolean =>
  type === "checkbox" ? !checked : value.trim() === "";

/** Sends the form by the script when it is submitted, one at a time, and says what went wrong. */
export const onSubmit = (
  send: (fields: Readonly<Record<string, string>>) => Promise<Failure | undefined>,
  form = find<HTMLFormElement>("form"),
): void => {
  const button = form.querySelector("button[type=submit]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button?.getAttribute("aria-disabled") === "true") return;
    clear(form);
    const empty = [...form.querySelectorAll("input")].find(isEmpty);
    if (empty !== undefined) {
      const detail = empty.dataset.missing ?? `${empty.labels?.[0]?.textContent ?? "This"} is needed.`;
      tell({ status: 0, code: "", title: "", parameter: empty.name, detail }, form);
      return;
    }
    button?.setAttribute("aria-disabled", "true");
    const fields = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    const failure = await send(fields);
    button?.removeAttribute("aria-disabled");
    if (failure !== undefined) tell(failure, form);
  });
};

/** Lets people see the passwords that they type, until the form is emptied. */
export const letReveal = (): void => {
  for (const button of document.querySelectorAll<HTMLButtonElement>(".reveal")) {
    const input = find<HTMLInputElement>(`#${button.getAttribute("aria-controls")}`);
    const reveal = (isShown: boolean): void => {
      input.type = isShown ? "text" : "password";
      button.textContent = isShown ? "Hide" : "Show";
      button.setAttribute("aria-pressed", String(isShown));
    };
    button.addEventListener("click", () => reveal(input.type === "password"));
    input.form?.addEventListener("reset", () => reveal(false));
  }
};
