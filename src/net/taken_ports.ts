/**
 * Whether somebody listens already. Workers share a port by SO_REUSEPORT, so
 * two servers by mistake on one port would share it too, each getting some of
 * the connections, and nobody would be told.
 */
import { formatListenAddress, type ListenAddress } from "./listener.ts";

/**
 * Those of the addresses on which another socket listens, as text. What cannot
 * be listened on for another reason is left for the one who listens.
 */
export function takenPorts(addresses: readonly ListenAddress[]): string[] {
  const taken: string[] = [];
  for (const address of addresses) {
    const { host: hostname, port } = address;
    if (port === 0) continue;
    try {
      Deno.listen({ hostname, port }).close();
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) continue;
      taken.push(formatListenAddress(address));
    }
  }
  return taken;
}
