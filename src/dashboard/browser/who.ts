import { call } from "./call.ts";

/** Whoever is logged in, and what they may see. */
export interface Here {
  readonly account: { readonly email: string; readonly name: string; readonly is_instance_owner: boolean };
  readonly projects: ReadonlyArray<{ readonly id: string; readonly name: string; readonly role: string }>;
}

/** Undefined when nobody is. */
export const whoIsHere = async (): Promise<Here | undefined> => {
  const { failure, body } = { body: undefined, ...(await call<Here>("GET", "/v1/auth/session")) };
  return failure === undefined ? body : undefined;
};
