/**
 * Module `proxy`: mailboxes of another IMAP server behind our endpoint. Role
 * `storage`.
 *
 * Only the declaration; the parts are the files beside this one.
 */
import { duration } from "#src/config/quantities.ts";
import type { ConfigOf } from "#src/config/directive.ts";
import { bool, integer, oneOf, string } from "#src/config/values.ts";
import { reverseName } from "#src/dns/reverse_name.ts";
import { defineModule } from "#src/module/define.ts";
import { optionalRef, ref } from "#src/module/ref.ts";
import { formatListenAddress } from "#src/net/listener.ts";

const config = {
  host: string({ doc: "Name or address of the other IMAP server." }),
  port: integer({ doc: "Its port.", default: 993, min: 1, max: 65_535 }),
  tls: oneOf(["implicit", "starttls", "off"], {
    doc: "TLS from the first byte, by STARTTLS, or none at all.",
    default: "implicit",
  }),
  insecure: bool({
    doc: "Accept any certificate, as of a server that is about to go.",
    default: false,
  }),
  accounts: ref("table", {
    doc: "The accounts whose mail is there: a table of our name of the " +
      "account to user and password on the other server.",
  }),
  others: optionalRef("storage", {
    doc: "Where the mailboxes of all other accounts are. Without it they " +
      "have none here.",
  }),
  check_interval: duration({
    doc: "How often idle connections are looked at.",
    default: "1m",
  }),
};

const LIBRARY_ENV = ["NODE_V8_COVERAGE"];
const LIBRARY_SYS = ["hostname"] as const;

/** The settings of a block. */
export type ProxyConfig = ConfigOf<typeof config>;

/** Module `proxy`. */
export const proxy = defineModule({
  name: "proxy",
  version: "1.0.0",
  doc: "Mailboxes of another IMAP server behind our endpoint.\n\n" +
    "For a move that need not happen in one night: clients connect to " +
    "Epistle from the first day; the accounts that the table names read and " +
    "write on the old server, all others in `others`. When an account's mail " +
    "has been brought over (`epistle import imap`), its line leaves the " +
    "table.\n\n" +
    "    static old-accounts {\n" +
    '      entry alice@example.org alice "her password there"\n' +
    "    }\n" +
    "    proxy old-server {\n" +
    "      host imap.old.example\n" +
    "      accounts old-accounts\n" +
    "      others sqlmail\n" +
    "    }\n" +
    "    imap 0.0.0.0:993 {\n" +
    "      storage old-server\n" +
    "      auth sqlmail\n" +
    "    }\n\n" +
    "Passwords of clients are those of `auth`, not those of the old server. " +
    "SORT, THREAD, quotas, sharing and annotations are not offered while an " +
    "endpoint has a proxy as its storage.",
  roles: ["storage"],
  home: "delivery",
  config,
  permissions: ({ host, port }) => ({
    // What `imapflow` looks at when it is loaded.
    env: LIBRARY_ENV,
    sys: LIBRARY_SYS,
    ...(reverseName(host) === undefined
      ? { connect: ["*"], dns: true }
      : { connect: [formatListenAddress({ host, port })] }),
  }),
  async create(config, host) {
    const { createProxy } = await import("./create_proxy.ts");
    return createProxy(config, host);
  },
});
