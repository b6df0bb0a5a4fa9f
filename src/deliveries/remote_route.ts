/** Which hosts take mail for a domain. RFC 5321 section 5.1, RFC 7505. */
import { domainToASCII } from "node:url";
import { cidrContains, parseCidr } from "#src/config/cidr.ts";
import { DnsError, type MxRecord, type Resolver } from "#src/dns/resolver.ts";
import { SmtpError } from "#src/smtp/reply.ts";

/** What finding the way needs. */
export interface RouteInput {
  readonly resolver: Resolver;
  /** Our own name: mail that comes back to it would run in circles. */
  readonly hostname: string;
  /** Whether a host of our name is ourselves: only on the usual port. */
  readonly refusesItself: boolean;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/** Hosts tried for one domain; RFC 5321 section 5.1 asks for at least two. */
const MAX_HOSTS = 8;
/** Addresses tried of one host. */
const MAX_ADDRESSES = 4;

/**
 * Names of the hosts, best first, those of equal preference by chance. Rejects
 * with `SmtpError`: permanent where the domain cannot get mail.
 */
export async function mailHosts(
  domain: string,
  input: RouteInput,
): Promise<readonly string[]> {
  const ascii = domainToASCII(domain);
  if (ascii === "") throw new SmtpError(550, "1.2", "Not a domain");
  let records: readonly MxRecord[];
  try {
    records = await input.resolver.mx(ascii, input.signal);
  } catch (error) {
    if (!(error instanceof DnsError)) throw error;
    // The implicit MX: the domain itself.
    if (error.kind === "nodata") records = [{ preference: 0, exchange: ascii }];
    else if (error.kind === "nxdomain") {
      throw new SmtpError(550, "1.2", "Domain does not exist");
    } else throw dnsTrouble(error);
  }
  const usable = records.filter((record) => record.exchange !== "");
  if (usable.length === 0) {
    throw new SmtpError(556, "1.10", "Domain takes no mail (null MX)");
  }
  return withoutOurselves(usable, input)
    .map((record) => ({ ...record, dice: input.random() }))
    .toSorted((a, b) => a.preference - b.preference || a.dice - b.dice)
    .slice(0, MAX_HOSTS)
    .map((record) => record.exchange.toLowerCase());
}

/** Where we are a host of the domain, only better ones count. */
function withoutOurselves(
  records: readonly MxRecord[],
  { hostname, refusesItself }: RouteInput,
): readonly MxRecord[] {
  if (!refusesItself) return records;
  const own = records
    .filter((record) => record.exchange.toLowerCase() === hostname)
    .map((record) => record.preference);
  const limit = Math.min(...own);
  const better = records.filter((record) => record.preference < limit);
  if (better.length > 0) return better;
  throw loop();
}

/**
 * Addresses of a host, IPv6 and IPv4 in turn. Empty where it has none. Rejects
 * with a temporary `SmtpError` where DNS does not answer.
 */
export async function hostAddresses(
  host: string,
  { resolver, signal }: Pick<RouteInput, "resolver" | "signal">,
): Promise<readonly string[]> {
  const [v6, v4] = await Promise.all([
    settle(resolver.aaaa(host, signal)),
    settle(resolver.a(host, signal)),
  ]);
  if (v6 instanceof DnsError && v4 instanceof DnsError) {
    const trouble = [v6, v4].find((error) =>
      error.temporary || error.kind === "bogus"
    );
    if (trouble !== undefined) throw dnsTrouble(trouble);
    return [];
  }
  const six = v6 instanceof DnsError ? [] : v6;
  const four = v4 instanceof DnsError ? [] : v4;
  const addresses: string[] = [];
  for (let i = 0; i < Math.max(six.length, four.length); i++) {
    for (const address of [six[i], four[i]]) {
      if (address !== undefined) addresses.push(address);
    }
  }
  return addresses.slice(0, MAX_ADDRESSES);
}

/** Mail for this host would only come back to us. RFC 5321 section 5.1. */
export function loop(): SmtpError {
  return new SmtpError(554, "4.6", "Mail for this domain loops back to us");
}

/** Loopback and "this host": such an address is ourselves, whatever its name. */
export function isOwnAddress(address: string): boolean {
  return OWN_NETWORKS.some((network) => cidrContains(network, address));
}

const OWN_NETWORKS = [
  "127.0.0.0/8",
  "0.0.0.0/8",
  "::/127",
  // The same through a translator. RFC 6052 section 2.1.
  "64:ff9b::127.0.0.0/104",
  "64:ff9b::0.0.0.0/104",
].flatMap((text) => parseCidr(text) ?? []);

async function settle(
  answer: Promise<readonly string[]>,
): Promise<readonly string[] | DnsError> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof DnsError) return error;
    throw error;
  }
}

function dnsTrouble(cause: DnsError): SmtpError {
  return new SmtpError(451, "4.3", "The name server does not answer", {
    cause,
    fields: { dns: cause.message },
  });
}
