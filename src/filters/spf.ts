/**
 * `spf`: whether the client may send for the domain of MAIL FROM (or of HELO,
 * for the null sender). RFC 7208.
 *
 * Only the envelope is looked at; alignment with From is the matter of
 * `dmarc`.
 */
import type { ConfigOf } from "#src/config/directive.ts";
import { oneOf } from "#src/config/values.ts";
import { defineModule } from "#src/module/define.ts";
import { exemptNetworks } from "./auth_findings.ts";

const config = {
  fail: oneOf(["none", "quarantine", "refuse"], {
    doc: "What to do with mail whose domain says that this client may not " +
      "send for it. Forwarded mail fails too, so `dmarc` should decide.",
    default: "none",
  }),
  exempt: exemptNetworks(),
};
/** The settings of a block. */
export type SpfConfig = ConfigOf<typeof config>;

/** Module `spf`. */
export const spf = defineModule({
  name: "spf",
  version: "1.0.0",
  doc: "Checks SPF: whether the client may send for the sender's domain.\n\n" +
    "The result stands in `Authentication-Results` and is used by `dmarc`. " +
    "Logged-in senders and private networks are not checked.",
  roles: ["filter"],
  home: "user",
  config,
  permissions: () => ({ dns: true }),
  async create(config, host) {
    const { Spf } = await import("./spf_filter.ts");
    return { filter: new Spf(config, host) };
  },
});
