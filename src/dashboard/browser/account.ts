import { call } from "./call.ts";
import { find, say, show, tell } from "./page.ts";
import { whoIsHere } from "./who.ts";

/** Who is logged in, which projects they may see, and the way out. */
export const account = async (): Promise<void> => {
  const here = await whoIsHere();
  if (here === undefined) {
    location.replace("/login");
    return;
  }
  say(".name", `, ${here.account.name}`);
  say(".who", here.account.email);
  find(".projects").replaceChildren(
    ...here.projects.map(({ name, role }) => {
      const item = document.createElement("li");
      const label = document.createElement("span");
      label.textContent = name;
      const may = document.createElement("span");
      may.className = "role";
      may.textContent = role;
      item.append(label, may);
      return item;
    }),
  );
  show("#none", here.projects.length === 0);
  find("#logout").addEventListener("click", async () => {
    const { failure } = await call("POST", "/v1/auth/logout");
    if (failure === undefined || failure.status === 401) location.replace("/login");
    else tell(failure);
  });
  show("#account");
};
