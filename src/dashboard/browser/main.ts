import { account } from "./account/account.ts";
import { acceptInvite, logIn, reset, setUp } from "./entrance.ts";
import { letReveal } from "./form.ts";
import { share } from "./share.ts";

const pages: Readonly<Record<string, () => void | Promise<void>>> = {
  setup: setUp,
  login: logIn,
  invite: acceptInvite,
  reset,
  share,
  account,
};

letReveal();
void pages[document.body.dataset.page ?? ""]?.();
// Another link that is put into the address of the same page is another link.
addEventListener("hashchange", () => location.reload());
