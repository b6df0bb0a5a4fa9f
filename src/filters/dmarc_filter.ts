/** The work of `dmarc`; its settings are in `dmarc.ts`. */
import type { Host } from "#src/module/host.ts";
import type { HeaderBlock } from "#src/message/header_block.ts";
import type { DeliveryContext } from "#src/module/roles/context.ts";
import type {
  BodyVerdict,
  Filter,
  FilterMessage,
  FilterRun,
} from "#src/module/roles/filter.ts";
import { PASS, type Verdict } from "#src/module/roles/verdict.ts";
import { addAuthResult } from "#src/pipeline/auth_results.ts";
import { authorAddresses } from "#src/pipeline/author_addresses.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { checkDmarc, type DmarcAnswer } from "#src/verify/mailauth.ts";
import { adaptResolver } from "#src/verify/resolver_adapter.ts";
import { DKIM_FINDING, isExempt, SPF_FINDING } from "./auth_findings.ts";
import type { DmarcConfig } from "./dmarc.ts";

export class Dmarc implements Filter {
  /** Runs after the filters before it: it needs what they found. */
  readonly transforms = true;
  readonly #config: DmarcConfig;
  readonly #host: Host;

  constructor(config: DmarcConfig, host: Host) {
    this.#config = config;
    this.#host = host;
  }

  start(context: DeliveryContext): FilterRun {
    return { body: (message) => this.#check(message, context) };
  }

  async #check(
    { envelope, header }: FilterMessage,
    context: DeliveryContext,
  ): Promise<BodyVerdict> {
    if (isExempt(envelope.session, this.#config.exempt)) {
      return { verdict: PASS };
    }
    const { values } = context;
    const spf = values.get(SPF_FINDING);
    const authors = authorsOf(header);
    if (authors === undefined) return { verdict: noAuthor(context) };
    const answer = await checkDmarc({
      headerFrom: authors,
      fromFields: header.all("from").length,
      spfDomains: spf?.result === "pass" ? [{ domain: spf.domain }] : [],
      dkimDomains: values.get(DKIM_FINDING) ?? [],
      resolver: adaptResolver(this.#host.resolver, context.signal),
    });
    return { verdict: this.#judge(answer, context) };
  }

  #judge({ response }: DmarcAnswer, context: DeliveryContext): Verdict {
    if (response === false) return noAuthor(context);
    addAuthResult(context.values, response.info);
    if (response.status.result !== "fail") return PASS;
    const { on_reject, on_quarantine } = this.#config;
    const action = response.policy === "reject"
      ? on_reject
      : response.policy === "quarantine"
      ? on_quarantine
      : "none";
    if (action === "none") return PASS;
    if (action === "quarantine") {
      return { kind: "quarantine", reason: "dmarc=fail" };
    }
    const text = "The author's domain asks to reject this message (DMARC)";
    return { kind: "reject", error: new SmtpError(550, "7.1", text) };
  }
}

/**
 * Nobody, or several domains, as author: no policy can be found, which is what
 * a forger would want. RFC 9989 section 5.3.1.
 */
function noAuthor({ values }: DeliveryContext): Verdict {
  addAuthResult(values, "dmarc=permerror (no single author domain)");
  return { kind: "quarantine", reason: "dmarc=permerror" };
}

/** Addresses of all From fields; `undefined` where one cannot be read. */
function authorsOf(header: HeaderBlock): readonly string[] | undefined {
  const authors: string[] = [];
  for (const field of header.all("from")) {
    const addresses = authorAddresses(header.rawValue(field));
    if (addresses === undefined) return undefined;
    authors.push(...addresses.slice(0, 100));
  }
  return authors;
}
