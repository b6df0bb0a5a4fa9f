/** Networks around an address, by which sources are counted. */

/** Bytes of an IPv4 or IPv6 address; `undefined` where it is neither. */
export function tryParseAddress(text: string): Uint8Array | undefined {
  return text.includes(":") ? tryParseIpv6(text) : tryParseIpv4(text);
}

function tryParseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [i, part] of parts.entries()) {
    const value = /^[0-9]{1,3}$/.test(part) ? Number.parseInt(part, 10) : 256;
    if (value > 255) return undefined;
    bytes[i] = value;
  }
  return bytes;
}

function tryParseIpv6(text: string): Uint8Array | undefined {
  const [head = "", tail, extra] = text.split("%")[0]?.split("::") ?? [];
  if (extra !== undefined) return undefined;
  const before = tryParseGroups(head);
  const after = tail === undefined ? [] : tryParseGroups(tail);
  if (before === undefined || after === undefined) return undefined;
  const missing = 16 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...before, ...new Array(missing).fill(0), ...after]);
}

function tryParseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  for (const group of text.split(":")) {
    const ipv4 = group.includes(".") ? tryParseIpv4(group) : undefined;
    if (ipv4 !== undefined) bytes.push(...ipv4);
    else if (/^[0-9A-Fa-f]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    } else return undefined;
  }
  return bytes;
}

/** Prefix lengths by which IPv4 sources are counted, narrowest first. */
const IPV4_PREFIXES = [32, 24, 16] as const;
/** The same for IPv6: a customer has a /64 at least, a provider a /48. */
const IPV6_PREFIXES = [128, 64, 48] as const;

/**
 * The networks of a source from the narrowest to the widest, as keys for
 * counting; none where the text is no address.
 */
export function prefixesOf(address: string): readonly string[] {
  const bytes = tryParseAddress(address);
  if (bytes === undefined) return [];
  const lengths = bytes.length === 4 ? IPV4_PREFIXES : IPV6_PREFIXES;
  return lengths.map((length) =>
    `${bytes.subarray(0, length / 8).toHex()}/${length}`
  );
}

/** Whether the address is this machine itself. */
export function isLoopback(address: string): boolean {
  return address === "::1" ||
    (address.startsWith("127.") && tryParseIpv4(address) !== undefined);
}
