/** Names under which DNS keeps addresses. RFC 1035 section 3.5, RFC 3596. */

/**
 * The name to ask for PTR records: `4.3.2.1.in-addr.arpa`, or 32 nibbles under
 * `ip6.arpa`. An IPv4 address in its IPv6 form counts as IPv4. `undefined`
 * where `address` is none.
 */
export function reverseName(address: string): string | undefined {
  const v4 = ipv4Octets(address);
  if (v4 !== undefined) return `${v4.toReversed().join(".")}.in-addr.arpa`;
  const groups = ipv6Groups(address);
  if (groups === undefined) return undefined;
  const isMapped = groups.slice(0, 5).every((group) => group === 0) &&
    groups[5] === 0xffff;
  if (isMapped) {
    const [high = 0, low = 0] = groups.slice(6);
    return `${low & 255}.${low >> 8}.${high & 255}.${high >> 8}.in-addr.arpa`;
  }
  const nibbles = groups
    .map((group) => group.toString(16).padStart(4, "0"))
    .join("");
  return `${[...nibbles].toReversed().join(".")}.ip6.arpa`;
}

/** The four numbers of a dotted address; leading zeros are no address. */
function ipv4Octets(text: string): readonly number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const octets: number[] = [];
  for (const part of parts) {
    if (!/^(?:0|[1-9][0-9]{0,2})$/.test(part)) return undefined;
    const octet = Number.parseInt(part, 10);
    if (octet > 255) return undefined;
    octets.push(octet);
  }
  return octets;
}

/** The eight numbers of an IPv6 address. RFC 4291 section 2.2. */
function ipv6Groups(text: string): readonly number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map(groupsOf);
  if (left === undefined) return undefined;
  if (halves.length === 1) return left.length === 8 ? left : undefined;
  if (right === undefined || left.length + right.length > 7) return undefined;
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  return [...left, ...zeros, ...right];
}

/** Numbers of one side of `::`; the last may be a dotted address. */
function groupsOf(text: string): readonly number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    const octets = index === parts.length - 1 ? ipv4Octets(part) : undefined;
    if (octets !== undefined) {
      const [a = 0, b = 0, c = 0, d = 0] = octets;
      groups.push(a * 256 + b, c * 256 + d);
    } else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}
