import { persons } from "../identity/links.ts";
import type { PeopleRule } from "./question.ts";

/** Who it was, in a statement with the parameter `project`. */
export interface PersonSql {
  /** Follows the table in FROM; empty where it is not needed. */
  readonly join: string;
  /** A number for each that counts once. */
  readonly column: string;
}

/** Who counts as one in the rows of the table `table`, which has a `visitor_id`. */
export const personOf = (people: PeopleRule | undefined, table: "t" | "s"): PersonSql =>
  people === "linked"
    ? {
        join: `LEFT JOIN (${persons}) AS p ON p.linked_visitor = ${table}.visitor_id`,
        // 0 where there is no such row; no visitor has that number.
        column: `if(p.person = 0, ${table}.visitor_id, p.person)`,
      }
    : { join: "", column: `${table}.visitor_id` };
