/** Reads DER, as much of it as certificates need. X.690 section 8.1. */

/** One element. Offsets are those of its contents. */
export interface DerElement {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** Tags that certificates have. */
export const TAGS = {
  boolean: 0x01,
  objectIdentifier: 0x06,
  sequence: 0x30,
} as const;

/** The element that begins at `at`; `undefined` where there is no whole one. */
export function derElement(
  der: Uint8Array,
  at: number,
): DerElement | undefined {
  const tag = der[at];
  const first = der[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  let length = lengthBytes === 0 ? first : 0;
  for (let i = 0; i < lengthBytes; i++) {
    length = length * 256 + (der[at + 2 + i] ?? 0);
  }
  const start = at + 2 + lengthBytes;
  const end = start + length;
  return end <= der.length ? { tag, start, end } : undefined;
}

/** The elements within one, in order, up to the first that is broken. */
export function* derElements(
  der: Uint8Array,
  { start, end }: DerElement,
): Generator<DerElement, void> {
  for (let at = start; at < end;) {
    const element = derElement(der, at);
    if (element === undefined || element.end > end) return;
    yield element;
    at = element.end;
  }
}

/** The contents in hex. */
export function derHex(der: Uint8Array, { start, end }: DerElement): string {
  return der.subarray(start, end).toHex();
}
