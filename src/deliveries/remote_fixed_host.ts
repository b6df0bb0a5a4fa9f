/** Deliveries that hand all mail to one server: `smarthost`, `lmtp-client`. */
import { reverseName } from "#src/dns/reverse_name.ts";
import type { Instance } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import type { Permissions } from "#src/module/permissions.ts";
import { formatListenAddress } from "#src/net/listener.ts";
import type { ClientTls } from "#src/smtp/client/smtp_client.ts";
import type { SenderOptions } from "./remote_sender.ts";
import type { FixedDestination } from "./fixed_destination.ts";

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
  // Loaded with the first message: an idle server does without.
  let opening: Promise<FixedDestination> | undefined;
  const open = async (): Promise<FixedDestination> => {
    const { openFixed } = await import("./fixed_destination.ts");
    return openFixed(fixed, host);
  };
  return {
    delivery: {
      relays: !fixed.sender.lmtp,
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
