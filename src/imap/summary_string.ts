/**
 * Strings in FETCH data: `nstring` of RFC 9051 section 9, quoted where the
 * bytes allow it and as literal where they do not. Bytes go out as they came
 * (RFC 3501 clients decide for themselves what 8-bit header bytes mean).
 */
import type { ByteBuilder } from "#src/bytes/byte_builder.ts";

const DQUOTE = 0x22;
const BACKSLASH = 0x5c;
const SP = 0x20;

/**
 * Longer strings are literals, so that no response line passes what clients
 * accept as a line.
 */
const MAX_QUOTED = 4_096;

/** Stands for NUL, which no string may hold: RFC 9051 section 9, CHAR8. */
const NUL_REPLACEMENT = 0x80;

/** Writes `string`; `undefined` becomes NIL. */
export function writeNstring(
  out: ByteBuilder,
  value: Uint8Array | undefined,
): void {
  if (value === undefined) out.ascii("NIL");
  else writeString(out, value);
}

/** Writes `value` as quoted string or literal. */
export function writeString(out: ByteBuilder, value: Uint8Array): void {
  let isQuotable = value.length <= MAX_QUOTED;
  let hasEscape = false;
  let hasNul = false;
  for (let i = 0; i < value.length; i++) {
    const byte = value[i] ?? 0;
    if (byte === DQUOTE || byte === BACKSLASH) hasEscape = true;
    else if (byte >= 0x80 || byte === 0x0d || byte === 0x0a) isQuotable = false;
    else if (byte === 0) {
      isQuotable = false;
      hasNul = true;
    }
  }
  if (!isQuotable) {
    out.ascii(`{${value.length}}\r\n`);
    out.bytes(hasNul ? withoutNul(value) : value);
    return;
  }
  out.byte(DQUOTE);
  if (!hasEscape) out.bytes(value);
  else {
    for (let i = 0; i < value.length; i++) {
      const byte = value[i] ?? 0;
      if (byte === DQUOTE || byte === BACKSLASH) out.byte(BACKSLASH);
      out.byte(byte);
    }
  }
  out.byte(DQUOTE);
}

/** Writes text that is latin1 as `string`. */
export function writeText(out: ByteBuilder, text: string): void {
  if (PLAIN_REGEXP.test(text)) {
    out.ascii(`"${text}"`);
    return;
  }
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) & 0xff;
  writeString(out, bytes);
}

/** A space. */
export function writeSpace(out: ByteBuilder): void {
  out.byte(SP);
}

const PLAIN_REGEXP = /^[a-z0-9 ./+*_-]{0,200}$/i;

function withoutNul(value: Uint8Array): Uint8Array {
  return value.map((byte) => byte === 0 ? NUL_REPLACEMENT : byte);
}
