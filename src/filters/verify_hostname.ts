/**
 * `verify-hostname`: the client's address, its reverse name and its HELO name
 * should fit together. RFC 8601 section 3 ("iprev"), RFC 5321 section 4.1.4.
 *
 * A HELO name that does not fit is noted, never refused by itself: RFC 5321
 * forbids that.
 */
import type { ConfigOf } from "#src/config/directive.ts";
import { oneOf } from "#src/config/values.ts";
import { DnsError, type Resolver } from "#src/dns/resolver.ts";
import { defineModule } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import { contextKey, type DeliveryContext } from "#src/module/roles/context.ts";
import type { Filter, FilterRun } from "#src/module/roles/filter.ts";
import type { Envelope, SessionInfo } from "#src/module/roles/session.ts";
import { PASS, type Verdict } from "#src/module/roles/verdict.ts";
import { addAuthResult, CLIENT_NAME } from "#src/pipeline/auth_results.ts";
import {
  type ClientName,
  isSameAddress,
  lookUpClientName,
} from "#src/pipeline/client_name.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { exemptNetworks, isExempt } from "./auth_findings.ts";

const config = {
  action: oneOf(["score", "quarantine", "refuse"], {
    doc: "What to do with mail of a client without a confirmed name: note it " +
      "in Authentication-Results, put it into Junk, or refuse it.",
    default: "score",
  }),
  exempt: exemptNetworks(),
};
type Config = ConfigOf<typeof config>;

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
  create: (config, host) => ({ filter: new VerifyHostname(config, host) }),
});

/** What the look at the connection found, for its messages. */
interface Finding {
  readonly result: ClientName["result"];
  readonly address: string;
  /** The HELO name points to the client. */
  readonly heloFits: boolean;
}

const FINDING = contextKey<Finding>("verify-hostname");

/** Longest time that a client waits for our look-ups. */
const LOOKUP_MS = 10_000;

class VerifyHostname implements Filter {
  readonly #config: Config;
  readonly #host: Host;

  constructor(config: Config, host: Host) {
    this.#config = config;
    this.#host = host;
  }

  start(context: DeliveryContext): FilterRun {
    const { exempt, action } = this.#config;
    const { resolver } = this.#host;
    return {
      async helo(session): Promise<Verdict> {
        if (isExempt(session, exempt)) return PASS;
        const deadline = AbortSignal.timeout(LOOKUP_MS);
        const signal = AbortSignal.any([context.signal, deadline]);
        const [name, heloFits] = await Promise.all([
          lookUpName(session, resolver, signal),
          heloPointsTo(session, resolver, signal),
        ]);
        const { result } = name;
        context.values.set(CLIENT_NAME, name.name);
        const address = session.remoteAddress;
        context.values.set(FINDING, { result, address, heloFits });
        return PASS;
      },
      sender(envelope): Promise<Verdict> {
        return Promise.resolve(judge(envelope, context, action, exempt));
      },
    };
  }
}

/** A deadline that passes is a temporary failure of DNS like any other. */
async function lookUpName(
  session: SessionInfo,
  resolver: Resolver,
  signal: AbortSignal,
): Promise<ClientName> {
  try {
    return await lookUpClientName(session.remoteAddress, resolver, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    return { result: "temperror", name: "", claimed: "" };
  }
}

async function heloPointsTo(
  { helo, remoteAddress }: SessionInfo,
  resolver: Resolver,
  signal: AbortSignal,
): Promise<boolean> {
  const literal = /^\[(?:IPv6:)?([0-9A-Fa-f.:]+)\]$/i.exec(helo)?.[1];
  if (literal !== undefined) return isSameAddress(literal, remoteAddress);
  if (!/^(?=.{1,253}$)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+$/.test(helo)) {
    return false;
  }
  try {
    const addresses = remoteAddress.includes(":")
      ? await resolver.aaaa(helo, signal)
      : await resolver.a(helo, signal);
    return addresses.some((other) => isSameAddress(other, remoteAddress));
  } catch (error) {
    if (error instanceof DnsError || signal.aborted) return false;
    throw error;
  }
}

/** Decides at MAIL: only then it is known whether the client logged in. */
function judge(
  envelope: Envelope,
  { values }: DeliveryContext,
  action: Config["action"],
  exempt: Config["exempt"],
): Verdict {
  const finding = values.get(FINDING);
  if (finding === undefined || isExempt(envelope.session, exempt)) return PASS;
  const { result, address, heloFits } = finding;
  const comment = heloFits ? "" : " (HELO name does not point to the client)";
  addAuthResult(values, `iprev=${result}${comment} policy.iprev=${address}`);
  if (result === "pass" || action === "score") return PASS;
  if (action === "quarantine") {
    return { kind: "quarantine", reason: `iprev=${result}` };
  }
  const error = result === "temperror"
    ? new SmtpError(451, "7.25", "Reverse name of the client not known yet")
    : new SmtpError(550, "7.25", "The client has no confirmed reverse name");
  return { kind: "reject", error };
}
