/** Deliveries that hand all mail to one server: `smarthost`, `lmtp-client`. */
import { reverseName } from "#src/dns/reverse_name.ts";
import type { Instance } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import type { Permissions } from "#src/module/permissions.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";
import { formatListenAddress } from "#src/net/listener.ts";
import type {
  ClientMessage,
  ClientOutcome,
  ClientTls,
} from "#src/smtp/client/smtp_client.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { hostAddresses } from "./remote_route.ts";
import type { RemoteSender, SenderOptions } from "./remote_sender.ts";
import { type Destination, RemoteTransaction } from "./remote_transaction.ts";

/** The server and how to speak with it. */
export interface FixedHost {
  /** Name or address. */
  readonly host: string;
  readonly tls: ClientTls;
  readonly sender: SenderOptions;
}

/** Only that server where it is given by its address, else what its name says. */
export function fixedHostPermissions(host: string, port: number): Permissions {
  if (reverseName(host) === undefined) return { connect: ["*"], dns: true };
  return { connect: [formatListenAddress({ host, port })] };
}

/** Makes the delivery of such a module. */
export function createFixedHost(
  fixed: FixedHost,
  host: Host,
): Instance<"delivery"> {
  let destination: FixedDestination | undefined;
  return {
    delivery: {
      start(envelope, context) {
        if (destination === undefined) throw new TypeError("Not started");
        const transaction = new RemoteTransaction(
          destination,
          envelope,
          context,
        );
        return Promise.resolve(transaction);
      },
    },
    async start(): Promise<void> {
      // nodemailer is loaded where mail is sent, not where modules are listed.
      const { RemoteSender } = await import("./remote_sender.ts");
      const sender = new RemoteSender(fixed.sender, host.log);
      destination = new FixedDestination(fixed, host, sender);
    },
    stop(): Promise<void> {
      destination?.close();
      return Promise.resolve();
    },
  };
}

/** Every recipient goes to the same server. */
class FixedDestination implements Destination {
  readonly #fixed: FixedHost;
  readonly #host: Host;
  readonly #sender: RemoteSender;

  constructor(fixed: FixedHost, host: Host, sender: RemoteSender) {
    this.#fixed = fixed;
    this.#host = host;
    this.#sender = sender;
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
