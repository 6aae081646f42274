/**
 * User ids that senders write where nobody is logged in. Taken for somebody, they would make one person of all these
 * visitors. Compared in lower case.
 */
export const nobody = [
  "0",
  "-1",
  "null",
  "undefined",
  "nan",
  "none",
  "true",
  "false",
  "anonymous",
  "guest",
  "[object object]",
] as const;

const ofProject = "project_id = {project:String}";

/** The name of a link, 32 hexadecimal digits: it tells neither the visitor nor the user. */
const linkOf = (table: string): string =>
  `lower(hex(sipHash128Reference(${table}.visitor_id, ${table}.user_id)))`;

/**
 * A SELECT of the links of the project `{project:String}`, one row per visitor and user: `link`, `visitor_id`, `user_id`,
 * `first_at` and `last_at` of its identify events, `is_unlinked` and `is_nobody`. `condition` is one on `visitor_id` and
 * `user_id`.
 */
export const links = (condition = "1"): string => `
  SELECT ${linkOf("l")} AS link, l.visitor_id AS visitor_id, l.user_id AS user_id, l.began AS first_at, l.ended AS last_at,
    l.ended <= u.until AS is_unlinked,
    lower(l.user_id) IN (${nobody.map((id) => `'${id}'`).join(", ")}) AS is_nobody
  FROM (
    SELECT visitor_id, user_id, min(first_at) AS began, max(last_at) AS ended FROM daily_identities
    WHERE ${ofProject} AND (${condition}) GROUP BY visitor_id, user_id
  ) AS l
  LEFT JOIN (
    SELECT link, argMax(unlinked_at, version) AS until FROM unlinked_identities WHERE ${ofProject} GROUP BY link
  ) AS u ON u.link = ${linkOf("l")}`;

/** Whether a link counts, and which of several of a visitor does: the last one, of equals the one with the later user id. */
export const holds = "NOT is_unlinked AND NOT is_nobody";
export const latest = "(last_at, user_id)";

/**
 * A SELECT of `linked_visitor` and `person`: the visitors of the project `{project:String}` that count as another visitor.
 * People are named by the smallest number of their visitors, so that everybody who has one visitor, or is linked to no
 * user, goes by that visitor's own number and needs no row. The numbers of people are as good as those of visitors: two
 * people never share one.
 */
export const persons: string = `
  SELECT linked_visitor, person
  FROM (
    SELECT groupArray(visitor_id) AS visitors, arrayMin(visitors) AS person
    FROM (
      SELECT visitor_id, argMax(user_id, ${latest}) AS belongs_to FROM (${links()}) WHERE ${holds} GROUP BY visitor_id
    )
    GROUP BY belongs_to HAVING length(visitors) > 1
  )
  ARRAY JOIN visitors AS linked_visitor
  WHERE linked_visitor != person`;
