import { Effect } from "effect";
import type { Erasure, ErasureWork } from "../erasure.ts";

/** An erasure that is not done. */
export type Job = Erasure & { readonly work: ErasureWork };

/** Tells the operator how far it has come. */
export const say = ({ id }: Job, what: string) => Effect.logInfo(`Erasure ${id}: ${what}`);
