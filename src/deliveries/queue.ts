/**
 * `queue`: keeps mail until the next host has taken it. The engine is in
 * `src/queue`; here are its settings.
 */
import { list } from "#src/config/compound.ts";
import type { ConfigOf } from "#src/config/directive.ts";
import { duration, size } from "#src/config/quantities.ts";
import { integer } from "#src/config/values.ts";
import { defineModule } from "#src/module/define.ts";
import { ref } from "#src/module/ref.ts";
import { MAX_RECEIVED } from "#src/queue/received_count.ts";
import { DEFAULT_SCHEDULE } from "#src/queue/schedule.ts";

const config = {
  target: ref("delivery", {
    doc: "Where messages are sent to.",
    default: "remote",
  }),
  bounce: ref("delivery", {
    doc: "Takes reports to senders whose domain is local.",
  }),
  retry: list(duration({ doc: "A wait" }), {
    doc: "Waits after the first, second, ... failed attempt; the last one " +
      "is repeated. Each is up to a tenth longer, by chance.",
    default: DEFAULT_SCHEDULE.waits,
  }),
  max_age: duration({
    doc: "Life of a message; after it the sender is told that it failed.",
    default: "5d",
  }),
  delay_warning: duration({
    doc: "Age at which the sender is told, once, that a message is delayed; " +
      "0 for never.",
    default: "4h",
  }),
  concurrency: integer({
    doc: "Attempts at the same time.",
    default: 100,
    min: 1,
    max: 10_000,
  }),
  domain_concurrency: integer({
    doc: "Attempts at the same time for one domain.",
    default: 10,
    min: 1,
    max: 10_000,
  }),
  batch: integer({
    doc: "Recipients of one domain in one attempt.",
    default: 100,
    min: 1,
    max: 1_000,
  }),
  max_received: integer({
    doc: "Received fields above which a message is taken to run in circles.",
    default: MAX_RECEIVED,
    min: 1,
    max: 1_000,
  }),
  account_messages: integer({
    doc: "Messages that one account may send through the queue in a day; " +
      "0 for any number. More are refused for the day (450).",
    default: 5_000,
    max: 1_000_000,
  }),
  account_new_recipients: integer({
    doc: "Recipients to whom the account has not written in the last year, " +
      "in a day; 0 for any number. More are refused for the day (450).",
    default: 2_000,
    max: 1_000_000,
  }),
  inline_size: size({
    doc: "Bodies up to this size lie in the database, larger ones in files.",
    default: "64K",
  }),
};
/** The settings of a block. */
export type QueueConfig = ConfigOf<typeof config>;

/** The module `queue`. */
export const queue = defineModule({
  name: "queue",
  version: "1.0.0",
  doc: `Keeps mail on disk until its target has taken it.

A message is accepted when it is on disk. Attempts begin at once; after a
temporary failure they are repeated as \`retry\` says, until \`max_age\`. The last
attempt is made when that time is over. After a permanent failure, or at the
end, the sender gets a report (RFC 3464). A message whose delivery breaks in an
unexpected way is put aside (state \`held\`): \`epistle queue list\` shows it,
\`epistle queue retry\` brings it back. Mail may be sent twice after a crash, but
is never lost.`,
  roles: ["delivery", "admin"],
  home: "delivery",
  config,
  permissions(_config, { instance, globals, worker }) {
    if (worker !== "delivery" && worker !== "main") return {};
    const folder = queueFolder(globals.state_dir, instance);
    return { read: [folder], write: [folder] };
  },
  prepare(_config, host) {
    const folder = queueFolder(host.globals.state_dir, host.instance);
    return Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  },
  async create(config, host) {
    const { createQueue } = await import("./queue_instance.ts");
    return createQueue(config, host);
  },
});

/** Every queue has a folder of its own. */
export function queueFolder(stateDir: string, instance: string): string {
  return `${stateDir}/queue/${instance}`;
}
