import { call } from "../call.ts";
import { DELETED } from "../entrance.ts";
import { clear, onSubmit } from "../form.ts";
import { find } from "../page.ts";
import { aboutPassword } from "./password.ts";

/** Lets people delete their own account: after a question, with their password. */
export const letLeave = (): void => {
  const dialog = find<HTMLDialogElement>("#leaving");
  const form = find<HTMLFormElement>("#leaving-form");
  find("#leave").addEventListener("click", () => dialog.showModal());
  find("#stay").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    form.reset();
    clear(form);
  });
  onSubmit(async ({ password }) => {
    const { failure } = await call("POST", "/v1/auth/delete", { password });
    if (failure !== undefined) return aboutPassword(failure, "password");
    location.replace(`/login${DELETED}`);
    return undefined;
  }, form);
};
