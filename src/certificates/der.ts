/**
 * Writes DER, as much of it as a certificate needs. X.690. Reading is left to
 * `node:crypto`.
 */

const CONSTRUCTED = 0x20;
const CONTEXT = 0x80;

/** One element: tag, length, content. */
function element(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content;
  const head = length < 128 ? [tag, length] : [tag, ...longLength(length)];
  return concat([Uint8Array.from(head), content]);
}

/** Lengths above 127: the number of bytes, then the bytes. */
function longLength(length: number): number[] {
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) {
    bytes.unshift(rest % 256);
  }
  return [0x80 | bytes.length, ...bytes];
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** SEQUENCE. */
export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return element(0x30, concat(parts));
}

/** SET. */
export function set(...parts: readonly Uint8Array[]): Uint8Array {
  return element(0x31, concat(parts));
}

/** INTEGER of unsigned big-endian bytes. */
export function integer(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const number = bytes.subarray(start);
  const isNegative = ((number[0] ?? 0) & 0x80) !== 0;
  return element(
    0x02,
    isNegative ? concat([Uint8Array.of(0), number]) : number,
  );
}

/** BOOLEAN. */
export function boolean(value: boolean): Uint8Array {
  return element(0x01, Uint8Array.of(value ? 0xff : 0));
}

/** OBJECT IDENTIFIER of `1.2.840.10045.2.1`. */
export function oid(text: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = text.split(".").map((part) =>
    Number.parseInt(part, 10)
  );
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0;) {
      groups.unshift((left % 128) | 0x80);
      left = Math.floor(left / 128);
    }
    bytes.push(...groups);
  }
  return element(0x06, Uint8Array.from(bytes));
}

/** UTF8String. */
export function utf8String(text: string): Uint8Array {
  return element(0x0c, new TextEncoder().encode(text));
}

/** GeneralizedTime, to the second. */
export function generalizedTime(ms: number): Uint8Array {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.[0-9]+/g, "");
  return element(0x18, new TextEncoder().encode(text));
}

/** UTCTime, to the second; for years before 2050. */
export function utcTime(ms: number): Uint8Array {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.[0-9]+/g, "");
  return element(0x17, new TextEncoder().encode(text.slice(2)));
}

/** OCTET STRING. */
export function octetString(bytes: Uint8Array): Uint8Array {
  return element(0x04, bytes);
}

/** BIT STRING whose last `unused` bits do not count. */
export function bitString(bytes: Uint8Array, unused = 0): Uint8Array {
  return element(0x03, concat([Uint8Array.of(unused), bytes]));
}

/** A context-specific element around others. */
export function explicit(number: number, content: Uint8Array): Uint8Array {
  return element(CONTEXT | CONSTRUCTED | number, content);
}

/** A context-specific element in place of another. */
export function implicit(number: number, content: Uint8Array): Uint8Array {
  return element(CONTEXT | number, content);
}
