import { call, type Failure } from "./call.ts";
import { onSubmit, tell } from "./form.ts";
import { alarm, find, say, show, tokenInAddress } from "./page.ts";

interface Opened {
  readonly name: string;
  readonly project: { readonly id: string; readonly name: string; readonly timezone: string };
}

const shown = ["visitors", "pageviews", "sessions"] as const;

interface Metrics {
  readonly metrics: Readonly<Record<(typeof shown)[number], { readonly value: number }>>;
}

const DAYS = 30;

const day = (ms: number, timeZone: string): string =>
  new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" }).format(ms);

/** What can be seen of the project until the dashboard shows more. */
const showNumbers = async ({ name, project }: Opened): Promise<void> => {
  say("h1", name);
  say(".project", project.name);
  const now = Date.now();
  const query = new URLSearchParams({
    project: project.id,
    metrics: shown.join(),
    from: day(now - (DAYS - 1) * 86_400_000, project.timezone),
    to: day(now, project.timezone),
    timezone: project.timezone,
  });
  const result = await call<Metrics>("GET", `/v1/stats/metrics?${query}`);
  if (result.failure !== undefined) {
    tell(result.failure);
    return;
  }
  for (const metric of shown) {
    say(`#${metric}`, new Intl.NumberFormat().format(result.body.metrics[metric].value));
  }
  show("#numbers");
};

/** Opens the link that led here: at once, or with its password. */
export const share = async (): Promise<void> => {
  const token = tokenInAddress();
  if (token === undefined) {
    alarm("Open the whole link that you were sent.");
    return;
  }
  const open = async (fields: object): Promise<Failure | undefined> => {
    const result = await call<Opened>("POST", "/v1/auth/share", { ...fields, token });
    if (result.failure !== undefined) return result.failure;
    show("form", false);
    await showNumbers(result.body);
    return undefined;
  };
  onSubmit(open);
  const failure = await open({});
  if (failure?.code !== "password_needed") {
    if (failure !== undefined) tell(failure);
    return;
  }
  show("form");
  find("#password").focus();
};
