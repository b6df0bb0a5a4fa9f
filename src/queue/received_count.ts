/** Mail loops. RFC 5321 section 6.3. */
import type { HeaderBlock } from "#src/message/header_block.ts";

/** Hops after which a message is taken to run in circles. RFC 5321: at least 100
 * is advised for simple counting; 50 is what common servers use. */
export const MAX_RECEIVED = 50;

/** How many hosts the message has passed: its Received fields. */
export function countReceived(header: HeaderBlock): number {
  let count = 0;
  for (const field of header.fields) if (field.name === "received") count++;
  return count;
}
