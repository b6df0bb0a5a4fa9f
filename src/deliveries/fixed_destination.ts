/** The work of `smarthost` and `lmtp-client`: one server for everything. */
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
import { hostAddresses } from "./remote_route.ts";
import { RemoteSender } from "./remote_sender.ts";
import { type Destination, RemoteTransaction } from "./remote_transaction.ts";
import type { FixedHost } from "./remote_fixed_host.ts";

/** With a sender of its own. */
export function openFixed(fixed: FixedHost, host: Host): FixedDestination {
  return new FixedDestination(
    fixed,
    host,
    new RemoteSender(fixed.sender, host.log),
  );
}

/** Every recipient goes to the same server. */
export class FixedDestination implements Destination {
  readonly #fixed: FixedHost;
  readonly #host: Host;
  readonly #sender: RemoteSender;

  constructor(fixed: FixedHost, host: Host, sender: RemoteSender) {
    this.#fixed = fixed;
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

  check(_recipient: Recipient): SmtpError | undefined {
    return undefined;
  }

  key(_recipient: Recipient): string {
    return "";
  }

  async send(
    _key: string,
    message: ClientMessage,
    _envelope: Envelope,
    signal: AbortSignal,
  ): Promise<readonly ClientOutcome[]> {
    const { host, tls } = this.#fixed;
    const isSure = tls === "verified" || tls === "implicit";
    let last: SmtpError | undefined;
    for (const address of await this.#addresses(signal)) {
      const server = {
        host,
        address,
        tls: message.requireTls && !isSure ? "verified" as const : tls,
      };
      try {
        return await this.#sender.send(server, message, signal);
      } catch (error) {
        if (!(error instanceof SmtpError)) throw error;
        last = error;
      }
    }
    // A name that is wrong in our configuration is not the sender's fault.
    throw last ?? new SmtpError(451, "4.4", `${host} has no address`);
  }

  async #addresses(signal: AbortSignal): Promise<readonly string[]> {
    const { host } = this.#fixed;
    if (reverseName(host) !== undefined) return [host];
    return await hostAddresses(host, { resolver: this.#host.resolver, signal });
  }
}
