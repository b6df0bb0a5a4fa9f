/** Searching a byte string; the platform searches single bytes only. */

/**
 * Offset of the first `needle` in `bytes` at or after `from`; -1 when there is
 * none. Looks for the needle's first byte natively: choose needles that begin
 * with a rare byte where there is a choice. Needles are short (at most some
 * hundred bytes): the worst case is their product.
 */
export function indexOfBytes(
  bytes: Uint8Array,
  needle: Uint8Array,
  from = 0,
): number {
  const first = needle[0];
  if (first === undefined) return from <= bytes.length ? from : -1;
  const last = bytes.length - needle.length;
  let at = bytes.indexOf(first, from);
  while (at >= 0 && at <= last) {
    let i = 1;
    while (i < needle.length && bytes[at + i] === needle[i]) i++;
    if (i === needle.length) return at;
    at = bytes.indexOf(first, at + 1);
  }
  return -1;
}

/** Whether `needle` stands in `bytes` at `at`. */
export function startsWithBytes(
  bytes: Uint8Array,
  needle: Uint8Array,
  at = 0,
): boolean {
  if (at + needle.length > bytes.length) return false;
  for (let i = 0; i < needle.length; i++) {
    if (bytes[at + i] !== needle[i]) return false;
  }
  return true;
}

/** How often the byte occurs in the range. */
export function countByte(
  bytes: Uint8Array,
  byte: number,
  start = 0,
  end: number = bytes.length,
): number {
  let count = 0;
  let at = bytes.indexOf(byte, start);
  while (at >= 0 && at < end) {
    count++;
    at = bytes.indexOf(byte, at + 1);
  }
  return count;
}
