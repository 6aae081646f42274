import { call, type Failure } from "../call.ts";
import { sentence } from "../form.ts";
import { alarm, find, show } from "../page.ts";

interface Session {
  readonly id: string;
  readonly agent: string;
  readonly created_at: string;
  readonly last_used: string;
  readonly is_current: boolean;
}

const nameOf = ({ agent }: Session): string => (agent === "" ? "An unknown browser" : agent);

const time = (instant: string): HTMLTimeElement => {
  const element = document.createElement("time");
  element.dateTime = instant;
  element.textContent = new Intl.DateTimeFormat(undefined, {
    dateStyle: "medium",
    timeStyle: "short",
  }).format(new Date(instant));
  return element;
};

const row = (session: Session, end: (session: Session) => void): HTMLLIElement => {
  const item = document.createElement("li");
  const text = document.createElement("div");
  const agent = document.createElement("span");
  agent.textContent = nameOf(session);
  const when = document.createElement("span");
  when.className = "hint";
  if (session.is_current) when.append("This browser, since ", time(session.created_at));
  else when.append("Last used ", time(session.last_used));
  text.append(agent, when);
  item.append(text);
  if (!session.is_current) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain small";
    button.textContent = "Log out";
    button.setAttribute("aria-label", `Log out ${nameOf(session)}, last used ${when.lastChild?.textContent}`);
    button.addEventListener("click", () => end(session));
    item.append(button);
  }
  return item;
};

/** Lists where the account is logged in, and lets people end that. Answers with what lists it anew. */
export const letEndSessions = (): (() => Promise<void>) => {
  const section = find("[aria-labelledby=sessions-title]");
  const done = find("[aria-labelledby=sessions-title] .done");
  let others: ReadonlyArray<Session> = [];

  const tell = (failure: Failure): void => {
    if (failure.code === "login_needed") location.replace("/login");
    else alarm(sentence(failure), section);
  };

  const list = async (): Promise<void> => {
    const result = await call<{ readonly data: ReadonlyArray<Session> }>("GET", "/v1/auth/sessions");
    if (result.failure !== undefined) {
      tell(result.failure);
      return;
    }
    const { data } = result.body;
    const own = data.filter((session) => session.is_current);
    others = data.filter((session) => !session.is_current);
    find(".sessions").replaceChildren(
      ...[...own, ...others].map((session) => row(session, (ended) => void end([ended]))),
    );
    show("#logout-others", others.length > 1);
  };

  const end = async (sessions: ReadonlyArray<Session>): Promise<void> => {
    alarm("", section);
    done.textContent = "";
    let failed: Failure | undefined;
    for (const { id } of sessions) {
      const { failure } = await call("DELETE", `/v1/auth/sessions/${id}`);
      // One that has ended already is what was wished for.
      if (failure !== undefined && failure.status !== 404) failed = failure;
    }
    await list();
    // The button that was pressed is gone.
    find("#sessions-title").focus();
    if (failed !== undefined) tell(failed);
    else {
      const [only] = sessions;
      done.textContent =
        sessions.length === 1 && only !== undefined
          ? `${nameOf(only)} is logged out.`
          : "You are logged out everywhere but here.";
    }
  };

  find("#logout-others").addEventListener("click", () => void end(others));
  find("#logout").addEventListener("click", async () => {
    const { failure } = await call("POST", "/v1/auth/logout");
    if (failure === undefined || failure.status === 401) location.replace("/login");
    else tell(failure);
  });
  return list;
};
