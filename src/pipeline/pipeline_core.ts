/** What all connections of one pipeline share. */
import type { Host } from "#src/module/host.ts";
import type { Auth } from "#src/module/roles/auth.ts";
import type { Op } from "./compile_steps.ts";
import type { MessageIds } from "./message_ids.ts";
import type { PartialDeliveries } from "./partial_deliveries.ts";
import type { SpoolSettings } from "./spool.ts";

/** Everything that is the same for all messages. */
export interface PipelineCore {
  readonly host: Host;
  readonly ops: readonly Op[];
  /** Some way is only known with the header. */
  readonly needsHeader: boolean;
  /** Name of this server in what it adds. */
  readonly hostname: string;
  readonly domains: ReadonlySet<string>;
  readonly submission: boolean;
  /** Each recipient gets its own answer (LMTP, library). */
  readonly perRecipient: boolean;
  /** Set where senders are checked. */
  readonly auth: Auth | undefined;
  readonly spool: SpoolSettings;
  readonly partials: PartialDeliveries;
  readonly ids: MessageIds;
}
