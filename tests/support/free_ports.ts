/** Ports that nobody listens on right now. */

/**
 * Finds `count` free ports on loopback, all different. Another process could
 * take one before it is used; the kernel hands ports out in turn, so that does
 * not happen in practice.
 */
export function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map((listener) =>
    (listener.addr as Deno.NetAddr).port
  );
  for (const listener of listeners) listener.close();
  return ports;
}
