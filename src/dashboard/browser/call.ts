/** What went wrong, as the service says it (RFC 9457), or as far as that is known. */
export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string;
  /** The field that is wrong. */
  readonly parameter?: string;
  readonly retryAfterSeconds?: number;
}

export type Result<Body> =
  | { readonly body: Body; readonly failure?: undefined }
  | { readonly failure: Failure };

const unreachable: Failure = {
  status: 0,
  code: "unreachable",
  title: "The service does not answer. Is the connection there?",
};

/** Asks the service; never throws. */
export const call = async <Body>(method: string, path: string, body?: object): Promise<Result<Body>> => {
  try {
    const response = await fetch(path, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer: unknown = text === "" ? {} : JSON.parse(text);
    if (response.ok) return { body: answer as Body };
    const retryAfter = Number(response.headers.get("retry-after"));
    return {
      failure: { ...(answer as Failure), ...(retryAfter > 0 ? { retryAfterSeconds: retryAfter } : {}) },
    };
  } catch {
    return { failure: unreachable };
  }
};
