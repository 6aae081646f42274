/** The time of the event `t` as 8 bytes that sort as times do. */
export const eventTimeBytes =
  "reinterpretAsFixedString(byteSwap(toUInt64(toUnixTimestamp64Milli(t.occurred_at))))";

/**
 * A text that sorts as (occurred_at, event_id) of the event `t` does. As one text it is compared several times faster than
 * a tuple. The bytes of the time have to be a FixedString: a String of them would lose a zero at its end.
 */
export const eventOrder = `concat(${eventTimeBytes}, t.event_id)`;
