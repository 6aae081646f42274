import { call, type Failure } from "../call.ts";
import { onSubmit } from "../form.ts";
import { find } from "../page.ts";

/**
 * What a refused password means to who is logged in: that it is not the own one, which is said beside its field. Leads to
 * the login where the session has ended meanwhile.
 */
export const aboutPassword = (failure: Failure, parameter: string): Failure => {
  if (failure.code === "login_needed") location.replace("/login");
  return failure.code === "login_refused"
    ? { ...failure, parameter, detail: "This is not your password." }
    : failure;
};

/** Lets whoever knows the present password choose a new one; `onChanged` runs when that was done. */
export const letChangePassword = (onChanged: () => Promise<void>): void => {
  const form = find<HTMLFormElement>("#password-form");
  const done = find("[aria-labelledby=password-title] .done");
  form.addEventListener("input", () => {
    done.textContent = "";
  });
  onSubmit(async ({ current, password }) => {
    done.textContent = "";
    const { failure } = await call("POST", "/v1/auth/password", { current, password });
    if (failure !== undefined) return aboutPassword(failure, "current");
    form.reset();
    done.textContent = "Your password is changed. You are logged out everywhere but here.";
    await onChanged();
    return undefined;
  }, form);
};
