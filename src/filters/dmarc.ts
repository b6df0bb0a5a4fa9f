/**
 * `dmarc`: what the domain in From wants done with mail that neither SPF nor
 * DKIM vouches for. RFC 9989 (RFC 7489).
 *
 * Uses what `spf` and `dkim` left; write it after them. Reports to domain
 * owners are not sent from here.
 */
import type { ConfigOf } from "#src/config/directive.ts";
import { oneOf } from "#src/config/values.ts";
import { defineModule } from "#src/module/define.ts";
import { exemptNetworks } from "./auth_findings.ts";

const config = {
  on_reject: oneOf(["reject", "quarantine", "none"], {
    doc: "What to do where the domain asks for rejection.",
    default: "reject",
  }),
  on_quarantine: oneOf(["quarantine", "none"], {
    doc: "What to do where the domain asks for quarantine.",
    default: "quarantine",
  }),
  exempt: exemptNetworks(),
};
/** The settings of a block. */
export type DmarcConfig = ConfigOf<typeof config>;

/** Module `dmarc`. */
export const dmarc = defineModule({
  name: "dmarc",
  version: "1.0.0",
  doc: "Applies the DMARC policy of the domain in From.\n\n" +
    "Uses the results of `spf` and `dkim verify=true`, so it stands after " +
    "them. Logged-in senders and private networks are not checked.",
  roles: ["filter"],
  home: "user",
  config,
  permissions: () => ({ dns: true }),
  async create(config, host) {
    const { Dmarc } = await import("./dmarc_filter.ts");
    return { filter: new Dmarc(config, host) };
  },
});
