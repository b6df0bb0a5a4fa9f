/** Networks in CIDR notation. RFC 4632 section 3.1, RFC 4291 section 2.3. */

/** A network: the bytes of its first address and the length of its prefix. */
export interface Cidr {
  /** 4 bytes for IPv4, 16 for IPv6. */
  readonly bytes: readonly number[];
  readonly bits: number;
}

/** Reads `10.0.0.0/8` or one address; `undefined` where it is neither. */
export function parseCidr(text: string): Cidr | undefined {
  const [host = "", prefix, extra] = text.split("/");
  const bytes = parseIpBytes(host);
  if (bytes === undefined || extra !== undefined) return undefined;
  if (prefix === undefined) return { bytes, bits: bytes.length * 8 };
  if (!/^[0-9]{1,3}$/.test(prefix)) return undefined;
  const bits = Number.parseInt(prefix, 10);
  return bits <= bytes.length * 8 ? { bytes, bits } : undefined;
}

/** Text that `parseCidr` reads as the same network. */
export function formatCidr({ bytes, bits }: Cidr): string {
  if (bytes.length === 4) return `${bytes.join(".")}/${bits}`;
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) {
    groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  }
  return `${groups.join(":")}/${bits}`;
}

/**
 * Whether the address lies in the network. An IPv4 address in its IPv6 form
 * (`::ffff:192.0.2.1`) counts as IPv4. Text that is no address lies nowhere.
 */
export function cidrContains(network: Cidr, address: string): boolean {
  let bytes = parseIpBytes(address);
  if (bytes === undefined) return false;
  if (bytes.length === 16 && network.bytes.length === 4 && isMapped(bytes)) {
    bytes = bytes.slice(12);
  }
  if (bytes.length !== network.bytes.length) return false;
  for (let i = 0; i * 8 < network.bits; i++) {
    const rest = network.bits - i * 8;
    const mask = rest >= 8 ? 0xff : (0xff << (8 - rest)) & 0xff;
    if (((bytes[i] ?? 0) & mask) !== ((network.bytes[i] ?? 0) & mask)) {
      return false;
    }
  }
  return true;
}

/** The bytes of an IPv4 or IPv6 address; `undefined` where it is neither. */
export function parseIpBytes(text: string): number[] | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function isMapped(bytes: readonly number[]): boolean {
  return bytes.slice(0, 10).every((byte) => byte === 0) &&
    bytes[10] === 0xff && bytes[11] === 0xff;
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = parts.map((part) =>
    /^(?:0|[1-9][0-9]{0,2})$/.test(part) ? Number.parseInt(part, 10) : 256
  );
  return bytes.every((byte) => byte < 256) ? bytes : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  if (text.length > 45) return undefined;
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = "", tail] = halves;
  const before = parseGroups(head);
  const after = tail === undefined ? [] : parseGroups(tail);
  if (before === undefined || after === undefined) return undefined;
  const missing = 16 - before.length - after.length;
  if (tail === undefined) return missing === 0 ? before : undefined;
  if (missing < 2) return undefined;
  return [...before, ...Array<number>(missing).fill(0), ...after];
}

function parseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    if (/^[0-9A-Fa-f]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
      continue;
    }
    const ipv4 = index === groups.length - 1 ? parseIpv4(group) : undefined;
    if (ipv4 === undefined) return undefined;
    bytes.push(...ipv4);
  }
  return bytes;
}
