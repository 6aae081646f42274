import type { SentEvent } from "./crowd.ts";

const DAY_MS = 86_400_000;

export interface Project {
  readonly id: string;
  readonly key: string;
}

export interface Job {
  readonly id: string;
  readonly state: string;
  readonly rows: Readonly<Record<string, number>>;
  readonly recounted_hours: number;
  readonly resealed_days: number;
  readonly erased_at: string | null;
  readonly gone_at: string | null;
}

const date = (ago: number) => new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10);

const dimensions = [
  ...["page", "entry_page", "exit_page", "referrer", "device_slug", "widget", "post", "site", "event_type"],
  "property:plan",
];

/** Questions that rollups, sealed days and single events answer. */
const questions = [
  "metrics?metrics=pageviews,visitors,sessions,bounce_rate,avg_duration,views_per_session,events",
  ...dimensions.map((dimension) => `breakdown?dimension=${dimension}&metric=visitors,events`),
  "breakdown?dimension=title&metric=visitors,sessions&filter=page:is:/pricing",
  "timeseries?metric=visitors,events,sessions&interval=hour",
  "timeseries?interval=day",
  "widgets?",
  "posts?",
  "retention?interval=day",
];

/** What a test asks of a service that runs somewhere, by its admin key. */
export const askedOf = (url: () => string, adminKey: () => string) => {
  const request = async <Body>(path: string, init: RequestInit = {}) => {
    const response = await fetch(`${url()}${path}`, {
      ...init,
      headers: { "x-admin-key": adminKey(), ...init.headers },
    });
    const text = await response.text();
    const isJson = /json$|json;/.test(response.headers.get("content-type") ?? "") && !text.includes("\n{");
    return { status: response.status, body: (isJson ? JSON.parse(text) : undefined) as Body, text };
  };
  const post = <Body>(path: string, body: object) =>
    request<Body>(path, { method: "POST", body: JSON.stringify(body) });

  return {
    request,
    post,
    makeProject: async (name: string): Promise<Project> => {
      const made = await post<{ id: string }>("/v1/projects", { name });
      const key = await post<{ key: string }>(`/v1/projects/${made.body.id}/keys`, {
        kind: "secret",
        label: "test",
      });
      return { id: made.body.id, key: key.body.key };
    },
    /** Sends events as a server would; those that were accepted. */
    send: async ({ key }: Project, events: ReadonlyArray<SentEvent>): Promise<number> => {
      let accepted = 0;
      for (let from = 0; from < events.length; from += 500) {
        const { body } = await post<{ accepted: number }>("/v1/events", {
          api_key: key,
          events: events.slice(from, from + 500),
        });
        accepted += body.accepted;
      }
      return accepted;
    },
    /** Every answer of a project, by its question. */
    answers: async ({ id }: Project): Promise<Readonly<Record<string, unknown>>> => {
      const found: Record<string, unknown> = {};
      for (const question of questions) {
        const { status, body, text } = await request<object>(
          `/v1/stats/${question}&from=${date(5)}&to=${date(-1)}&project=${id}`,
        );
        if (status !== 200) throw new Error(`${question}: ${text}`);
        found[question] = body;
      }
      return found;
    },
    /** The job when it is in one of these states. */
    until: async ({ id }: Job, states: ReadonlyArray<string>, withinMs = 120_000): Promise<Job> => {
      for (const deadline = Date.now() + withinMs; ; await Bun.sleep(20)) {
        const { body } = await request<Job>(`/v1/privacy/erasures/${id}`);
        if (states.includes(body.state)) return body;
        if (Date.now() > deadline) throw new Error(`The erasure does not end: ${JSON.stringify(body)}`);
      }
    },
  };
};
