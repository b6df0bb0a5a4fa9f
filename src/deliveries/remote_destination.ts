/** The work of `remote`; its settings are in `remote.ts`. */
import type { DeliveryContext } from "#src/module/roles/context.ts";
import type { DeliveryTransaction } from "#src/module/roles/delivery.ts";
import { reverseName } from "#src/dns/reverse_name.ts";
import type { Host } from "#src/module/host.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";
import type {
  ClientMessage,
  ClientOutcome,
} from "#src/smtp/client/smtp_client.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { senderOptions } from "./remote_directives.ts";
import {
  hostAddresses,
  isOwnAddress,
  loop,
  mailHosts,
  type RouteInput,
} from "./remote_route.ts";
import { RemoteSender, type Server } from "./remote_sender.ts";
import { type Destination, RemoteTransaction } from "./remote_transaction.ts";
import type { RemoteConfig } from "./remote.ts";

/** Where servers listen. Another port means a test or a private network. */
const SMTP_PORT = 25;

/** With a sender of its own. */
export function openRemote(
  config: RemoteConfig,
  host: Host,
): RemoteDestination {
  const sender = new RemoteSender({
    name: config.helo ?? host.globals.hostname,
    port: config.port,
    lmtp: false,
    ...senderOptions(config),
  }, host.log);
  return new RemoteDestination(config, host, sender);
}

/** Finds the servers of a domain and sends to the first that takes the mail. */
export class RemoteDestination implements Destination {
  readonly #config: RemoteConfig;
  readonly #host: Host;
  readonly #sender: RemoteSender;

  constructor(config: RemoteConfig, host: Host, sender: RemoteSender) {
    this.#config = config;
    this.#host = host;
    this.#sender = sender;
  }

  /** Begins to take over one message. */
  begin(envelope: Envelope, context: DeliveryContext): DeliveryTransaction {
    return new RemoteTransaction(this, envelope, context);
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
