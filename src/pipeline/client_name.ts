/**
 * The name of a client that DNS confirms in both directions: the address
 * points to the name and the name to the address ("iprev", RFC 8601 section
 * 3).
 */
import { cidrContains, parseCidr, parseIpBytes } from "#src/config/cidr.ts";
import { DnsError, type Resolver } from "#src/dns/resolver.ts";

/** What came of the look at an address. */
export interface ClientName {
  readonly result: "pass" | "fail" | "permerror" | "temperror";
  /** The confirmed name, lower case; empty where there is none. */
  readonly name: string;
  /** A name the address claims without being confirmed. */
  readonly claimed: string;
}

/** Names behind one address that are looked at. RFC 7208 section 4.6.4. */
const MAX_NAMES = 10;

/**
 * DNS allows every byte in a name, and its owner decides both directions:
 * what is no host name could say anything in a header. RFC 1123 section 2.1,
 * underscores let pass.
 */
const HOST_NAME = /^[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?$/i;

/** Looks the address up; never rejects for an answer that DNS can give. */
export async function lookUpClientName(
  address: string,
  resolver: Resolver,
  signal?: AbortSignal,
): Promise<ClientName> {
  let names: readonly string[];
  try {
    names = await resolver.ptr(address, signal);
  } catch (error) {
    return failure(error, "", "permerror");
  }
  const hosts = names.filter((name) => HOST_NAME.test(name));
  const claimed = hosts[0] ?? "";
  let trouble: ClientName | undefined;
  for (const name of hosts.slice(0, MAX_NAMES)) {
    try {
      const forward = address.includes(":")
        ? await resolver.aaaa(name, signal)
        : await resolver.a(name, signal);
      if (forward.some((other) => isSameAddress(other, address))) {
        return { result: "pass", name: name.toLowerCase(), claimed };
      }
    } catch (error) {
      const result = failure(error, claimed, "fail");
      if (result.result === "temperror") trouble = result;
    }
  }
  return trouble ?? { result: "fail", name: "", claimed };
}

function failure(
  error: unknown,
  claimed: string,
  permanent: "fail" | "permerror",
): ClientName {
  if (!(error instanceof DnsError)) throw error;
  const result = error.temporary ? "temperror" : permanent;
  return { result, name: "", claimed };
}

/** Whether two texts name the same address. */
export function isSameAddress(one: string, other: string): boolean {
  if (one === other) return true;
  const a = parseIpBytes(one);
  const b = parseIpBytes(other);
  return a !== undefined && b !== undefined && a.length === b.length &&
    a.every((byte, i) => byte === b[i]);
}

/**
 * Addresses that are never seen on the Internet: loopback, private, link-local
 * and unique local ones. RFC 6890.
 */
const PRIVATE_NETWORKS = [
  "127.0.0.0/8",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "169.254.0.0/16",
  "100.64.0.0/10",
  "::1",
  "fe80::/10",
  "fc00::/7",
].flatMap((text) => parseCidr(text) ?? []);

/** Whether the address belongs to this machine or a private network. */
export function isPrivateAddress(address: string): boolean {
  return PRIVATE_NETWORKS.some((network) => cidrContains(network, address));
}
