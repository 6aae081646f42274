import { find, say, show } from "../page.ts";
import { type Here, whoIsHere } from "../who.ts";
import { letLeave } from "./leaving.ts";
import { letChangePassword } from "./password.ts";
import { letEndSessions } from "./sessions.ts";

const project = ({ name, role }: Here["projects"][number]): HTMLLIElement => {
  const item = document.createElement("li");
  const label = document.createElement("span");
  label.textContent = name;
  const may = document.createElement("span");
  may.className = "role";
  may.textContent = role;
  item.append(label, may);
  return item;
};

/** Who is logged in, which projects they may see, where else they are logged in, a new password, and the ways out. */
export const account = async (): Promise<void> => {
  const here = await whoIsHere();
  if (here === undefined) {
    location.replace("/login");
    return;
  }
  say(".name", `, ${here.account.name}`);
  say(".who", here.account.email);
  for (const username of document.querySelectorAll<HTMLInputElement>(".username")) {
    username.defaultValue = here.account.email;
  }
  find(".projects").replaceChildren(...here.projects.map(project));
  show("#none", here.projects.length === 0);
  const showSessions = letEndSessions();
  letChangePassword(showSessions);
  letLeave();
  await showSessions();
  show("#account");
};
