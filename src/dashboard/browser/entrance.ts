import { call } from "./call.ts";
import { onSubmit, tell } from "./form.ts";
import { alarm, find, forgetToken, say, show, tokenInAddress } from "./page.ts";
import { whoIsHere } from "./who.ts";

const ACCOUNT = "/account";

export const setUp = (): void => {
  const token = tokenInAddress();
  if (token === undefined) {
    alarm("Open the link that Footfall printed when it started.");
    return;
  }
  show("form");
  onSubmit(async (fields) => {
    const { failure } = await call("POST", "/v1/auth/setup", { ...fields, token });
    if (failure === undefined) location.replace(ACCOUNT);
    return failure;
  });
};

/** Where whoever has deleted the own account ends, and is told so. */
export const DELETED = "#deleted";

export const logIn = (): void => {
  if (location.hash === DELETED) {
    say(".done", "Your account is deleted.");
    forgetToken();
  }
  onSubmit(async (fields) => {
    const { failure } = await call("POST", "/v1/auth/login", fields);
    if (failure === undefined) location.replace(ACCOUNT);
    return failure;
  });
};

/** A new password, by the link that led here. */
export const reset = (): void => {
  const token = tokenInAddress();
  if (token === undefined) {
    alarm("Open the whole link that you were sent.");
    return;
  }
  show("form");
  onSubmit(async (fields) => {
    const { failure } = await call("POST", "/v1/auth/reset", { ...fields, token });
    if (failure === undefined) {
      forgetToken();
      location.replace(ACCOUNT);
    }
    return failure;
  });
};

export const acceptInvite = async (): Promise<void> => {
  const token = tokenInAddress();
  if (token === undefined) {
    alarm("Open the whole link that you were sent.");
    return;
  }
  const accept = async (fields: object) => {
    const { failure } = await call("POST", "/v1/auth/accept", { ...fields, token });
    if (failure === undefined) {
      forgetToken();
      location.replace(ACCOUNT);
    }
    return failure;
  };
  const asAnother = () => {
    show("#logged-in", false);
    show("form");
  };
  onSubmit(accept);
  find("#other").addEventListener("click", asAnother);
  find("#accept").addEventListener("click", async () => {
    const failure = await accept({});
    if (failure !== undefined) tell(failure);
  });
  const here = await whoIsHere();
  if (here === undefined) {
    asAnother();
    return;
  }
  say("#logged-in .who", here.account.email);
  show("#logged-in");
};
