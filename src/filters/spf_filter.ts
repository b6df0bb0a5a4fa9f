/** The work of `spf`; its settings are in `spf.ts`. */
import type { Host } from "#src/module/host.ts";
import type { DeliveryContext } from "#src/module/roles/context.ts";
import type { Filter, FilterRun } from "#src/module/roles/filter.ts";
import type { Envelope } from "#src/module/roles/session.ts";
import { PASS, type Verdict } from "#src/module/roles/verdict.ts";
import { addAuthResult } from "#src/pipeline/auth_results.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { checkSpf } from "#src/verify/mailauth.ts";
import { adaptResolver } from "#src/verify/resolver_adapter.ts";
import { isExempt, SPF_FINDING } from "./auth_findings.ts";
import type { SpfConfig } from "./spf.ts";

/** RFC 7208 section 4.6.4: at least 20 seconds are allowed; fewer do. */
const MAX_ELAPSED_MS = 15_000;

export class Spf implements Filter {
  readonly #config: SpfConfig;
  readonly #host: Host;

  constructor(config: SpfConfig, host: Host) {
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
