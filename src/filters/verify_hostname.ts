/**
 * `verify-hostname`: the client's address, its reverse name and its HELO name
 * should fit together. RFC 8601 section 3 ("iprev"), RFC 5321 section 4.1.4.
 *
 * A HELO name that does not fit is noted, never refused by itself: RFC 5321
 * forbids that.
 */
import type { ConfigOf } from "#src/config/directive.ts";
import { oneOf } from "#src/config/values.ts";
import { defineModule } from "#src/module/define.ts";
import { exemptNetworks } from "./auth_findings.ts";

const config = {
  action: oneOf(["score", "quarantine", "refuse"], {
    doc: "What to do with mail of a client without a confirmed name: note it " +
      "in Authentication-Results, put it into Junk, or refuse it.",
    default: "score",
  }),
  exempt: exemptNetworks(),
};
/** The settings of a block. */
export type VerifyHostnameConfig = ConfigOf<typeof config>;

/** Module `verify-hostname`. */
export const verifyHostname = defineModule({
  name: "verify-hostname",
  version: "1.0.0",
  doc: "Checks that the client's address, reverse name and HELO name fit.\n\n" +
    "The result stands in `Authentication-Results` as `iprev`, the confirmed " +
    "name in `Received`. Logged-in senders and private networks are exempt.",
  roles: ["filter"],
  home: "user",
  config,
  permissions: () => ({ dns: true }),
  async create(config, host) {
    const { VerifyHostname } = await import("./verify_hostname_filter.ts");
    return { filter: new VerifyHostname(config, host) };
  },
});
