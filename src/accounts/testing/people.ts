import { Effect } from "effect";
import { ADMIN_KEY, type serviceForTests } from "../../testing/service/in-process.ts";
import { Accounts } from "../people/accounts.ts";

/** What is sent instead of what a browser would. */
export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly origin?: string | null;
}

export interface Told<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  readonly text: string;
}

/** Somebody's browser: keeps cookies, and sends requests as pages of the service do. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #service: ReturnType<typeof serviceForTests>;
  readonly #address: string;

  constructor(service: ReturnType<typeof serviceForTests>, address: string) {
    this.#service = service;
    this.#address = address;
  }

  get session(): string {
    return this.cookies.get("footfall") ?? "";
  }

  async ask<Body = Readonly<Record<string, unknown>>>(
    method: string,
    path: string,
    body?: object,
    { headers = {}, origin = this.#service.url() }: Sent = {},
  ): Promise<Told<Body>> {
    const response = await fetch(this.#service.url() + path, {
      method,
      headers: {
        ...(this.cookies.size === 0
          ? {}
          : { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ") }),
        ...(origin === null ? {} : { origin }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        "x-forwarded-for": this.#address,
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const set of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = set.split("; ");
      const name = pair.slice(0, pair.indexOf("="));
      if (attributes.includes("Max-Age=0")) this.cookies.delete(name);
      else this.cookies.set(name, pair.slice(name.length + 1));
    }
    const text = await response.text();
    const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : {}) as Body,
      text,
    };
  }
}

export const PASSWORD = "nine lives and a tail";

interface Entry {
  readonly id: string;
  readonly url: string;
}

/** People of a service that believes the forwarded headers of the loopback. */
export const peopleOf = (service: ReturnType<typeof serviceForTests>) => {
  let browsers = 0;
  const browser = (address?: string) => {
    browsers += 1;
    return new Browser(service, address ?? `192.0.2.${browsers}`);
  };
  const admin = async <Body = Entry>(method: string, path: string, body?: object): Promise<Body> => {
    const { status, body: answer } = await service.request<Body>(path, {
      method,
      headers: { "x-admin-key": ADMIN_KEY },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    return answer;
  };
  const setUpToken = () => service.run(Effect.map(Accounts, (accounts) => accounts.renewSetUpToken()));
  const tokenOf = (url: string): string => url.slice(url.indexOf("#token=") + 7);
  return {
    browser,
    admin,
    setUpToken,
    tokenOf,
    /** The instance's owner, logged in. */
    setUp: async (email = "owner@example.org"): Promise<Browser> => {
      const own = browser();
      const token = await setUpToken();
      const { status } = await own.ask("POST", "/v1/auth/setup", {
        token,
        email,
        name: "Owner",
        password: PASSWORD,
      });
      if (status !== 201) throw new Error(`set-up: ${status}`);
      return own;
    },
    /** A new account with a role in a project, logged in. */
    member: async (project: string, role: string, email: string): Promise<Browser> => {
      const { url } = await admin("POST", `/v1/projects/${project}/invites`, { role });
      const own = browser();
      const { status, text } = await own.ask("POST", "/v1/auth/accept", {
        ...{ token: tokenOf(url), email, name: email.split("@")[0] ?? "", password: PASSWORD },
      });
      if (status !== 200) throw new Error(`accept: ${status} ${text}`);
      return own;
    },
    logIn: async (email: string, password = PASSWORD, own = browser()): Promise<Browser> => {
      const { status, text } = await own.ask("POST", "/v1/auth/login", { email, password });
      if (status !== 200) throw new Error(`login: ${status} ${text}`);
      return own;
    },
  };
};
