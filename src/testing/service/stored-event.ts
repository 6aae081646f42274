import { expect } from "bun:test";
import type { serviceForTests } from "./in-process.ts";

/** Sends single events to a service under test, each under an id of its own, and looks at what was stored of them. */
export const eventsThrough = (service: ReturnType<typeof serviceForTests>) => {
  let made = 0;

  const send = async (event: object, headers: Record<string, string> = {}, batch: object = {}) => {
    made += 1;
    const event_id = `row-${made}`;
    const { body } = await service.post(
      { ...batch, events: [{ event_type: "page_view", event_id, ...event }] },
      headers,
    );
    return { event_id, ...body };
  };

  /** What lies in the store of an event that was sent. */
  const stored = async (event: object, headers: Record<string, string> = {}, batch: object = {}) => {
    const { event_id, accepted } = await send(event, headers, batch);
    expect(accepted).toBe(1);
    const rows = await service.rows<Record<string, unknown>>(
      "SELECT *, toString(visitor_id) AS visitor, toString(session_id) AS session FROM events WHERE event_id = {event_id:String}",
      { event_id },
    );
    expect(rows).toHaveLength(1);
    return rows[0] as Record<string, unknown>;
  };

  return { send, stored };
};
