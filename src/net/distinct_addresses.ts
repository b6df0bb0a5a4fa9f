/** Which sockets a list of listen addresses needs. */
import type { ListenAddress } from "./listener.ts";
import { canWrapSockets } from "./runtime_support.ts";

/** All of IPv4, and all of IPv6, which takes IPv4 as well. */
const ANY_IPV4 = "0.0.0.0";
const ANY_IPV6 = "::";

/**
 * The addresses that are to be opened. A runtime that cannot share ports
 * (SO_REUSEPORT) refuses `0.0.0.0:25` beside `[::]:25`: a socket of `node:net`
 * on `::` takes both families and cannot be told not to. There it stands for
 * both.
 */
export function distinctAddresses(
  addresses: readonly ListenAddress[],
  version: string = Deno.version.deno,
): readonly ListenAddress[] {
  if (canWrapSockets(version)) return addresses;
  const ports = new Set(
    addresses.filter(({ host }) => host === ANY_IPV6).map(({ port }) => port),
  );
  return addresses.filter(({ host, port }) =>
    host !== ANY_IPV4 || !ports.has(port)
  );
}
