/** Directives that all deliveries over SMTP have, and what they become. */
import type { ConfigOf } from "#src/config/directive.ts";
import { duration } from "#src/config/quantities.ts";
import { integer } from "#src/config/values.ts";
import type { SenderOptions } from "./remote_sender.ts";

/** Deadlines of RFC 5321 section 4.5.3.2 and bounds of the pool. */
export const SENDER_DIRECTIVES = {
  connect_timeout: duration({
    doc: "Wait for a TCP connection.",
    default: "30s",
  }),
  command_timeout: duration({
    doc: "Wait for the greeting and for the answer to each command.",
    default: "5m",
  }),
  data_timeout: duration({
    doc: "Wait for the answer after the message.",
    default: "10m",
  }),
  idle_time: duration({
    doc: "How long an unused connection stays open; 0 closes it at once.",
    default: "5s",
  }),
  connections_per_host: integer({
    doc: "Connections to one server at the same time.",
    default: 20,
    min: 1,
    max: 1_000,
  }),
  messages_per_connection: integer({
    doc: "Messages sent over one connection.",
    default: 100,
    min: 1,
    max: 100_000,
  }),
};

/** The directives as the sender wants them. */
export function senderOptions(
  config: ConfigOf<typeof SENDER_DIRECTIVES>,
): Pick<
  SenderOptions,
  "connectMs" | "commandMs" | "dataMs" | "idleMs" | "perHost" | "messages"
> {
  return {
    connectMs: config.connect_timeout,
    commandMs: config.command_timeout,
    dataMs: config.data_timeout,
    idleMs: config.idle_time,
    perHost: config.connections_per_host,
    messages: config.messages_per_connection,
  };
}
