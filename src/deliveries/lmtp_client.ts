/** `lmtp-client`: hands mail to a mailbox server over LMTP. RFC 2033. */
import type { ConfigOf } from "#src/config/directive.ts";
import { integer, oneOf, string } from "#src/config/values.ts";
import { defineModule, type Instance } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import { SENDER_DIRECTIVES, senderOptions } from "./remote_directives.ts";
import { createFixedHost, fixedHostPermissions } from "./remote_fixed_host.ts";

const config = {
  host: string({ doc: "Name or address of the server." }),
  port: integer({ doc: "Its port.", default: 24, min: 1, max: 65_535 }),
  tls: oneOf(["off", "opportunistic", "required", "verified", "implicit"], {
    doc: "Never TLS; where it is offered; always, with any certificate; " +
      "always, with a valid certificate; from the first byte.",
    default: "off",
  }),
  ...SENDER_DIRECTIVES,
};
type Config = ConfigOf<typeof config>;

/** The module `lmtp-client`. */
export const lmtpClient = defineModule({
  name: "lmtp-client",
  version: "1.0.0",
  doc: `Hands mail to a mailbox server over LMTP.

Each recipient has its own result. Nothing is kept here: where the server is
away, the sender is told to try again, unless a \`queue\` stands before it.`,
  roles: ["delivery"],
  home: "delivery",
  config,
  permissions: ({ host, port }) => fixedHostPermissions(host, port),
  create: (config, host) => create(config, host),
});

function create(config: Config, host: Host): Instance<"delivery"> {
  return createFixedHost({
    host: config.host,
    tls: config.tls,
    sender: {
      name: host.globals.hostname,
      port: config.port,
      lmtp: true,
      ...senderOptions(config),
    },
  }, host);
}
