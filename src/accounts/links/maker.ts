import { Effect } from "effect";
import { LinkInvalid } from "../../domain/errors.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { Accounts } from "../people/accounts.ts";

/** How the audit log tells of a link that was made. */
export interface MadeLink {
  readonly link: "invite" | "reset";
  /** The link's, which is the subject of the entry, or stands in its details. */
  readonly id: string;
  /** The project that was told. */
  readonly project: string;
}

const actions = { invite: "invite.created", reset: "account.reset_created" } as const;

/**
 * Fails for a link of somebody whose account is deleted: it would let them in again. Asked when a link is taken, since
 * one may have been made at the moment of the deletion; nobody has it before the log tells of it.
 */
export const requireMaker = ({ link, id, project }: MadeLink) =>
  Effect.gen(function* () {
    const accounts = yield* Accounts;
    const { query } = yield* ClickHouse;
    const [made] = yield* query<{ actor: string }>(
      `SELECT actor FROM audit_log
       WHERE project_id = {project:String} AND action = {action:String}
         AND (subject = {id:String} OR JSONExtractString(details, 'link') = {id:String})
       LIMIT 1`,
      { project, action: actions[link], id },
    );
    const maker = made?.actor.startsWith("account ") ? made.actor.slice("account ".length) : undefined;
    if (maker !== undefined && accounts.find(maker) === undefined) return yield* new LinkInvalid({ link });
  });
