/** What the runtime below us can do; older ones run with less. */

/** From this Deno on, TLS can begin on a socket that is already accepted. */
export const WRAPPED_TLS_DENO = "2.7.14";

/** Whether version `a` comes before version `b`. */
export function isOlder(a: string, b: string): boolean {
  const parts = (text: string): number[] =>
    text.split(/[.+-]/).slice(0, 3).map((part) => Number.parseInt(part, 10));
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/**
 * Whether the server's side of TLS can take over an accepted socket: STARTTLS,
 * and certificates by server name.
 */
export function canWrapSockets(version: string = Deno.version.deno): boolean {
  return !isOlder(version, WRAPPED_TLS_DENO);
}

/**
 * What STARTTLS is offered and begun with: nothing where the runtime would
 * leave the client waiting for a handshake that never comes.
 */
export function tlsForUpgrade<T>(
  contexts: T | undefined,
  version: string = Deno.version.deno,
): T | undefined {
  return canWrapSockets(version) ? contexts : undefined;
}
