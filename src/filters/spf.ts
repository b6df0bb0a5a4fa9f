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
import type { Host } from "#src/module/host.ts";
import type { DeliveryContext } from "#src/module/roles/context.ts";
import type { Filter, FilterRun } from "#src/module/roles/filter.ts";
import type { Envelope } from "#src/module/roles/session.ts";
import { PASS, type Verdict } from "#src/module/roles/verdict.ts";
import { addAuthResult } from "#src/pipeline/auth_results.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { checkSpf } from "#src/verify/mailauth.ts";
import { adaptResolver } from "#src/verify/resolver_adapter.ts";
import { exemptNetworks, isExempt, SPF_FINDING } from "./auth_findings.ts";

const config = {
  fail: oneOf(["none", "quarantine", "refuse"], {
    doc: "What to do with mail whose domain says that this client may not " +
      "send for it. Forwarded mail fails too, so `dmarc` should decide.",
    default: "none",
  }),
  exempt: exemptNetworks(),
};
type Config = ConfigOf<typeof config>;

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
  create: (config, host) => ({ filter: new Spf(config, host) }),
});

/** RFC 7208 section 4.6.4: at least 20 seconds are allowed; fewer do. */
const MAX_ELAPSED_MS = 15_000;

class Spf implements Filter {
  readonly #config: Config;
  readonly #host: Host;

  constructor(config: Config, host: Host) {
    this.#config = config;
    this.#host = host;
  }

  start(context: DeliveryContext): FilterRun {
    return { sender: (envelope) => this.#check(envelope, context) };
  }

  async #check(
    envelope: Envelope,
    context: DeliveryContext,
  ): Promise<Verdict> {
    const { session, mailFrom } = envelope;
    if (isExempt(session, this.#config.exempt)) return PASS;
    const answer = await checkSpf({
      sender: mailFrom,
      ip: session.remoteAddress,
      helo: session.helo,
      mta: this.#host.globals.hostname,
      resolver: adaptResolver(this.#host.resolver, context.signal),
      maxElapsedTime: MAX_ELAPSED_MS,
    });
    const { result } = answer.status;
    context.values.set(SPF_FINDING, { result, domain: answer.domain });
    addAuthResult(context.values, answer.info);
    const { fail } = this.#config;
    if (result !== "fail" || fail === "none") return PASS;
    if (fail === "quarantine") {
      return { kind: "quarantine", reason: "spf=fail" };
    }
    // RFC 7372 section 3.2.
    const text = "The client may not send for the sender's domain (SPF)";
    return { kind: "reject", error: new SmtpError(550, "7.23", text) };
  }
}
