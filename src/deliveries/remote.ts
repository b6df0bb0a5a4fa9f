/**
 * `remote`: sends mail to the hosts that DNS names for its domain. RFC 5321
 * section 5, RFC 7505 (null MX), RFC 3207 and RFC 7435 (opportunistic TLS),
 * RFC 8689 (REQUIRETLS). Trying again later is the business of `queue`.
 */
import type { ConfigOf } from "#src/config/directive.ts";
import { bool, integer, oneOf, optional, string } from "#src/config/values.ts";
import { defineModule, type Instance } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import { SENDER_DIRECTIVES } from "./remote_directives.ts";
import type { RemoteDestination } from "./remote_destination.ts";

/** Where servers listen. Another port means a test or a private network. */
const SMTP_PORT = 25;

const config = {
  port: integer({
    doc: "Port of other servers. With another than 25, mail may be sent to " +
      "this host itself.",
    default: SMTP_PORT,
    min: 1,
    max: 65_535,
  }),
  tls: oneOf(["opportunistic", "required", "verified", "off"], {
    doc: "Whether mail is sent over TLS: where it is offered; or not at all " +
      "without; or not without a valid certificate; or never.",
    default: "opportunistic",
  }),
  helo: optional(string({ doc: "Our name in EHLO, if not `hostname`." })),
  address_literals: bool({
    doc: "Whether mail may be sent to `user@[192.0.2.1]`.",
    default: false,
  }),
  ...SENDER_DIRECTIVES,
};
/** The settings of a block. */
export type RemoteConfig = ConfigOf<typeof config>;

/** The module `remote`. */
export const remote = defineModule({
  name: "remote",
  version: "1.0.0",
  doc: `Sends mail to the hosts that DNS names for its domain.

MX records in the order of preference, equal ones by chance, the domain's own
address where there are none; a null MX and an unknown domain are final. TLS is
used where it is offered, and mail is sent without where it does not work,
unless the sender asked for REQUIRETLS or \`tls\` says otherwise. Connections are
used again for a few seconds. \`queue\` is what tries again later.`,
  roles: ["delivery"],
  home: "delivery",
  config,
  permissions: () => ({ connect: ["*"], dns: true }),
  create: (config, host) => createRemote(config, host),
});

function createRemote(config: RemoteConfig, host: Host): Instance<"delivery"> {
  // Loaded with the first message: an idle server does without.
  let opening: Promise<RemoteDestination> | undefined;
  const open = async (): Promise<RemoteDestination> => {
    const { openRemote } = await import("./remote_destination.ts");
    return openRemote(config, host);
  };
  return {
    delivery: {
      relays: true,
      async start(envelope, context) {
        opening ??= open();
        return (await opening).begin(envelope, context);
      },
    },
    async stop(): Promise<void> {
      (await opening)?.close();
    },
  };
}
