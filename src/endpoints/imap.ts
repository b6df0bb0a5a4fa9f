/**
 * `imap`: mailboxes over IMAP4rev2 and IMAP4rev1. The protocol is in `src/imap`, the work of
 * the endpoint in `imap_endpoint.ts`.
 */
import { block, list, repeated } from "#src/config/compound.ts";
import type { ConfigOf } from "#src/config/directive.ts";
import { path, pattern } from "#src/config/places.ts";
import { duration } from "#src/config/quantities.ts";
import { bool, integer, oneOf, optional, words } from "#src/config/values.ts";
import { defineModule } from "#src/module/define.ts";
import { ref } from "#src/module/ref.ts";

const config = {
  storage: ref("storage", { doc: "Where the mailboxes are." }),
  auth: ref("auth", { doc: "Through what clients log in." }),
  tls: ref("certificates", { doc: "Where key and certificate come from." }),
  tls_mode: oneOf(["auto", "implicit", "starttls", "off"], {
    doc: "TLS from the first byte, after STARTTLS, or never; `auto` is " +
      "`implicit` on port 993 and `starttls` on every other.",
    default: "auto",
  }),
  client_ca: optional(path({
    doc: "PEM file of authorities whose certificates log clients in " +
      "(AUTH=EXTERNAL): clients are asked for one, and who shows one may enter " +
      "the accounts of the mail addresses in its subject alternative name, " +
      "without a password. An authority has to have signed the certificate " +
      "itself. Nothing is looked up that says that one was taken back.",
  })),
  insecure_auth: bool({
    doc: "Take passwords without TLS. For tests and trusted networks only.",
    default: false,
  }),
  idle_timeout: duration({
    doc: "How long a client that is logged in may be silent.",
    default: "30m",
  }),
  max_sessions: integer({
    doc: "Sessions that one account may have at once in each worker.",
    default: 30,
    min: 1,
  }),
  max_connections: integer({
    doc: "Connections that one address may have at once in each worker; its " +
      "network (/24, /64) three times as many. 0: no bound. People behind one " +
      "address hold several all day, so this is more than for SMTP.",
    default: 100,
  }),
  max_connection_rate: integer({
    doc: "New connections a minute from one address. 0: no bound.",
    default: 300,
  }),
  administrators: words({
    doc: "Accounts, by their whole name with the domain, that may read and " +
      "set the quotas of all accounts (GETQUOTA, SETQUOTA) and set the shared " +
      "annotations of the server, which all users see. They get no rights in " +
      "the mailboxes of others. To all others QUOTASET is not offered.",
    default: [],
  }),
  hide_capability: words({
    doc:
      "Capabilities that are not advertised, as they are spelled; commands " +
      "that belong to nothing else are unknown then.",
    default: [],
  }),
  hide_capability_for: repeated(block({
    account: list(pattern({ doc: "An account or an expression." }), {
      doc: "Accounts by name, or `/expression/` for part of the name.",
    }),
    capability: words({ doc: "What they are not offered." }),
  }, {
    doc: "Capabilities that some accounts are not offered after login, for " +
      "programs that get along with the rest.",
  })),
};

/** The settings of a block. */
export type ImapConfig = ConfigOf<typeof config>;

export const imap = defineModule({
  name: "imap",
  version: "1.0.0",
  doc: "Gives mail programs their mailboxes over IMAP4rev2 (RFC 9051) and " +
    "IMAP4rev1 (RFC 3501).\n\n" +
    "The names of a block are the addresses to listen on, as in " +
    "`imap 0.0.0.0:993 { }`. Clients that were idle hear of new mail at once.",
  roles: ["endpoint"],
  home: "endpoint",
  listens: true,
  config,
  permissions: ({ client_ca }, { globals }) => ({
    read: [globals.spool_dir, ...(client_ca === undefined ? [] : [client_ca])],
    write: [globals.spool_dir],
  }),
  create: async (config, host) => {
    const { ImapEndpoint } = await import("./imap_endpoint.ts");
    const endpoint = new ImapEndpoint(config, host);
    return {
      endpoint,
      start: () => endpoint.start(),
      drain: () => endpoint.drain(),
      stop: () => endpoint.stop(),
    };
  },
});
