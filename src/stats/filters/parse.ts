import type { Decoded } from "../parameters/reader.ts";
import type { Filter } from "./filter.ts";
import { everything } from "./filter.ts";

/** The filter that a text of the filter grammar stands for. `parameter` names it in errors. */
export const parseFilter = (_text: string, _parameter: string): Decoded<Filter> => {
  throw new Error(`not there yet ${everything.kind}`);
};
