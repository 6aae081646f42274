/** An answer that nobody may keep, as JSON; 204 without one. */
export const privateJson = (
  answer?: object,
  status = answer === undefined ? 204 : 200,
  headers: Readonly<Record<string, string>> = {},
): Response => {
  const init = { status, headers: { "cache-control": "no-store", ...headers } };
  return answer === undefined ? new Response(null, init) : Response.json(answer, init);
};
