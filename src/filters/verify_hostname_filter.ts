/** The work of `verify-hostname`; its settings are in `verify_hostname.ts`. */
import { DnsError, type Resolver } from "#src/dns/resolver.ts";
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
import { isExempt } from "./auth_findings.ts";
import type { VerifyHostnameConfig } from "./verify_hostname.ts";

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

export class VerifyHostname implements Filter {
  readonly #config: VerifyHostnameConfig;
  readonly #host: Host;

  constructor(config: VerifyHostnameConfig, host: Host) {
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
  action: VerifyHostnameConfig["action"],
  exempt: VerifyHostnameConfig["exempt"],
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
