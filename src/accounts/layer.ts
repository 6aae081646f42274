import { Layer } from "effect";
import { layerInvites } from "./links/invites.ts";
import { layerResets } from "./links/resets.ts";
import { layerShares } from "./links/shares.ts";
import { layerPasswords } from "./passwords/passwords.ts";
import { layerAccounts } from "./people/accounts.ts";
import { layerMembers } from "./people/members.ts";
import { layerSessions } from "./people/sessions.ts";

/** People, their sessions and roles, and the links that let others in. */
export const layerPeople = Layer.mergeAll(layerInvites, layerResets, layerShares, layerSessions).pipe(
  Layer.provideMerge(layerMembers),
  Layer.provideMerge(layerAccounts),
  Layer.provideMerge(layerPasswords),
);
