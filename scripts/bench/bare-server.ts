// What accepting is measured against: the least that any server in this runtime has to do with the same request.
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: async (request) => {
    const { events } = (await request.json()) as { readonly events: ReadonlyArray<unknown> };
    return Response.json({ accepted: events.length, rejected: 0 });
  },
});
console.log(`listening on ${server.url.origin}`);
