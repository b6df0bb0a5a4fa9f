/**
 * `remote`: sends mail to the hosts that DNS names for its domain. RFC 5321
 * section 5, RFC 7505 (null MX), RFC 3207 and RFC 7435 (opportunistic TLS),
 * RFC 8689 (REQUIRETLS). Trying again later is the business of `queue`.
 */
import type { ConfigOf } from "#src/config/directive.ts";
import { bool, integer, oneOf, optional, string } from "#src/config/values.ts";
import { reverseName } from "#src/dns/reverse_name.ts";
import { defineModule, type Instance } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";
import type {
  ClientMessage,
  ClientOutcome,
} from "#src/smtp/client/smtp_client.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { SENDER_DIRECTIVES, senderOptions } from "./remote_directives.ts";
import {
  hostAddresses,
  isOwnAddress,
  loop,
  mailHosts,
  type RouteInput,
} from "./remote_route.ts";
import type { RemoteSender, Server } from "./remote_sender.ts";
import { type Destination, RemoteTransaction } from "./remote_transaction.ts";

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
type Config = ConfigOf<typeof config>;

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

function createRemote(config: Config, host: Host): Instance<"delivery"> {
  let delivery: RemoteDestination | undefined;
  return {
    delivery: {
      start(envelope, context) {
        if (delivery === undefined) throw new TypeError("Not started");
        const transaction = new RemoteTransaction(delivery, envelope, context);
        return Promise.resolve(transaction);
      },
    },
    async start(): Promise<void> {
      // nodemailer is loaded where mail is sent, not where modules are listed.
      const { RemoteSender } = await import("./remote_sender.ts");
      const sender = new RemoteSender({
        name: config.helo ?? host.globals.hostname,
        port: config.port,
        lmtp: false,
        ...senderOptions(config),
      }, host.log);
      delivery = new RemoteDestination(config, host, sender);
    },
    stop(): Promise<void> {
      delivery?.close();
      return Promise.resolve();
    },
  };
}

/** Finds the servers of a domain and sends to the first that takes the mail. */
class RemoteDestination implements Destination {
  readonly #config: Config;
  readonly #host: Host;
  readonly #sender: RemoteSender;

  constructor(config: Config, host: Host, sender: RemoteSender) {
    this.#config = config;
    this.#host = host;
    this.#sender = sender;
  }

  close(): void {
    this.#sender.close();
  }

  check(recipient: Recipient): SmtpError | undefined {
    const domain = this.key(recipient);
    if (!recipient.address.includes("@") || domain === "") {
      return new SmtpError(553, "1.3", "Address without domain");
    }
    if (!domain.startsWith("[")) return undefined;
    if (this.#config.address_literals && literal(domain) !== undefined) {
      return undefined;
    }
    return new SmtpError(550, "1.2", "Address literals are not used here");
  }

  key({ address }: Recipient): string {
    return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
  }

  async send(
    domain: string,
    message: ClientMessage,
    envelope: Envelope,
    signal: AbortSignal,
  ): Promise<readonly ClientOutcome[]> {
    const input: RouteInput = {
      resolver: this.#host.resolver,
      hostname: this.#host.globals.hostname.toLowerCase(),
      refusesItself: this.#config.port === SMTP_PORT,
      random: Math.random,
      signal,
    };
    const address = literal(domain);
    const hosts = address === undefined
      ? await mailHosts(domain, input)
      : [address];
    let last: SmtpError | undefined;
    for (const host of hosts) {
      try {
        const outcomes = await this.#sendToHost(host, message, envelope, input);
        if (!outcomes.every(isClosing)) return outcomes;
        const [first] = outcomes;
        if (first?.ok === false) last = first.error;
      } catch (error) {
        if (!(error instanceof SmtpError)) throw error;
        // Where one host may take the mail later, it is not refused yet.
        if (last === undefined || !last.temporary) last = error;
      }
    }
    throw last ?? new SmtpError(550, "4.4", "No host for this domain");
  }

  async #sendToHost(
    host: string,
    message: ClientMessage,
    envelope: Envelope,
    input: RouteInput,
  ): Promise<readonly ClientOutcome[]> {
    const addresses = !isAddress(host)
      ? await hostAddresses(host, input)
      : [host];
    let last: SmtpError | undefined;
    for (const address of addresses) {
      const isOwn = isOwnAddress(address) ||
        address === envelope.session.localAddress;
      if (input.refusesItself && isOwn) {
        last ??= loop();
        continue;
      }
      const server: Server = {
        host,
        address,
        tls: message.requireTls ? "verified" : this.#config.tls,
      };
      try {
        return await this.#sender.send(server, message, input.signal);
      } catch (error) {
        if (!(error instanceof SmtpError)) throw error;
        this.#host.log.debug("host failed", {
          host,
          address,
          error: error.message,
        });
        if (last === undefined || !last.temporary) last = error;
      }
    }
    throw last ?? new SmtpError(550, "4.4", `${host} has no address`);
  }
}

/** The server closed the session instead of judging: ask the next. */
function isClosing(outcome: ClientOutcome): boolean {
  return !outcome.ok && outcome.error.code === 421;
}

/** The address in `[192.0.2.1]` or `[IPv6:2001:db8::1]`. */
function literal(domain: string): string | undefined {
  const match = /^\[(?:ipv6:([0-9a-f:.]+)|([0-9.]+))\]$/i.exec(domain);
  const address = match?.[1] ?? match?.[2];
  return address !== undefined && isAddress(address) ? address : undefined;
}

function isAddress(text: string): boolean {
  return reverseName(text) !== undefined;
}
