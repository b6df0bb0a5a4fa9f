/** `smarthost`: hands all mail to one server, as a client of a provider. */
import type { ConfigOf } from "#src/config/directive.ts";
import {
  integer,
  oneOf,
  optional,
  secret,
  string,
} from "#src/config/values.ts";
import { defineModule, type Instance } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import { SENDER_DIRECTIVES, senderOptions } from "./remote_directives.ts";
import { createFixedHost, fixedHostPermissions } from "./remote_fixed_host.ts";

const config = {
  host: string({ doc: "Name or address of the server." }),
  port: integer({
    doc: "Its port; 465 goes with `tls implicit`.",
    default: 587,
    min: 1,
    max: 65_535,
  }),
  tls: oneOf(["verified", "implicit", "required", "opportunistic", "off"], {
    doc: "STARTTLS with a valid certificate; TLS from the first byte with a " +
      "valid certificate; STARTTLS with any certificate; STARTTLS where it " +
      "is offered; never.",
    default: "verified",
  }),
  user: optional(string({ doc: "Name to log in with." })),
  password: optional(secret({ doc: "Password to log in with." })),
  helo: optional(string({ doc: "Our name in EHLO, if not `hostname`." })),
  ...SENDER_DIRECTIVES,
};

type Config = ConfigOf<typeof config>;

/** The module `smarthost`. */
export const smarthost = defineModule({
  name: "smarthost",
  version: "1.0.0",
  doc: `Hands all mail to one server, with a login where it asks for one.

Name it as \`target\` of a \`queue\`, which tries again when the server is away.`,
  roles: ["delivery"],
  home: "delivery",
  config,
  permissions: ({ host, port }) => fixedHostPermissions(host, port),
  create: (config, host) => create(config, host),
});

function create(config: Config, host: Host): Instance<"delivery"> {
  const { user, password } = config;
  return createFixedHost({
    host: config.host,
    tls: config.tls,
    sender: {
      name: config.helo ?? host.globals.hostname,
      port: config.port,
      lmtp: false,
      ...senderOptions(config),
      ...(user === undefined
        ? {}
        : { login: { user, password: password ?? "" } }),
    },
  }, host);
}
