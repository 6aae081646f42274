import { expect } from "bun:test";
import { ADMIN_KEY, type serviceForTests } from "../../testing/service/in-process.ts";

const DAY_MS = 86_400_000;
export const nowMs = Date.now();
/** The date so many days ago. */
export const day = (ago: number): string => new Date(nowMs - ago * DAY_MS).toISOString().slice(0, 10);
/** The middle of a day in UTC, so that a few minutes more are the same day. */
export const at = (ago: number, minutes = 0): string =>
  new Date(Date.parse(`${day(ago)}T12:00:00Z`) + minutes * 60_000).toISOString();

export interface Link {
  readonly id: string;
  readonly visitor_id: string;
  readonly first_at: string;
  readonly last_at: string;
  readonly state: string;
}

export interface Person {
  readonly user_id: string;
  readonly traits: object | null;
  readonly data: ReadonlyArray<Link>;
  readonly total: number;
}

interface Made {
  readonly id: string;
  readonly key: string;
}

export const view = (visitor_id: string, occurred_at: string, page = "/") => ({
  event_type: "page_view",
  visitor_id,
  occurred_at,
  page_path: page,
});
export const identify = (
  visitor_id: string,
  user_id: string | number,
  occurred_at: string,
  properties = {},
) => ({
  event_type: "identify",
  visitor_id,
  user_id,
  occurred_at,
  properties,
});

/** What tests about people ask of a service. */
export const peopleIn = (service: ReturnType<typeof serviceForTests>) => {
  const call = async <Body = Link>(method: string, path: string, body?: object, key = ADMIN_KEY) =>
    await service.request<Body>(path, {
      method,
      headers: { authorization: `Bearer ${key}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  /** A project of its own, and what sends to it. */
  const makeProject = async () => {
    const { body: project } = await call<Made>("POST", "/v1/projects", { name: "People" });
    const keyOf = async (kind: string) =>
      (await call<Made>("POST", `/v1/projects/${project.id}/keys`, { kind, label: kind })).body.key;
    const api_key = await keyOf("secret");
    return {
      id: project.id,
      readKey: await keyOf("read"),
      send: async (...events: ReadonlyArray<object>) => {
        const sent = events.map((event) => ({ site_id: "example.org", ...event }));
        expect((await service.post({ events: sent, api_key })).body).toEqual({
          accepted: events.length,
          rejected: 0,
        });
        await service.settled();
      },
      ask: async <Body>(path: string) =>
        (await call<Body>("GET", `${path}${path.includes("?") ? "&" : "?"}project=${project.id}`)).body,
      person: async (user: string) =>
        (
          await call<Person>(
            "GET",
            `/v1/identities?project=${project.id}&user_id=${encodeURIComponent(user)}`,
          )
        ).body,
    };
  };
  type Project = Awaited<ReturnType<typeof makeProject>>;

  const visitors = async (project: Project, from: number, to: number, people = "linked"): Promise<number> =>
    (
      await project.ask<{ metrics: { visitors: { value: number } } }>(
        `/v1/stats/metrics?metrics=visitors&people=${people}&from=${day(from)}&to=${day(to)}`,
      )
    ).metrics.visitors.value;

  /** A project in which a person came with three devices and a stranger with one. */
  const makeThreeDevices = async (): Promise<Project> => {
    const project = await makeProject();
    await project.send(
      view("phone", at(5), "/a"),
      view("laptop", at(5), "/b"),
      view("stranger", at(5), "/a"),
      view("tablet", at(3), "/a"),
      { ...view("phone", at(3, 1)), event_type: "conversion" },
      identify("phone", "user-42", at(4), { plan: "free" }),
      identify("tablet", "user-42", at(2), { plan: "pro", seats: 3 }),
      identify("laptop", "user-42", at(1, -5)),
      identify("laptop", "user-42", at(1), { plan: "team" }),
    );
    // Somebody else says the same of the same device.
    const elsewhere = await makeProject();
    await elsewhere.send(identify("stranger", "user-42", at(1)));
    return project;
  };

  return { call, makeProject, visitors, makeThreeDevices };
};
