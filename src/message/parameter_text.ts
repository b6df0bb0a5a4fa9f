/**
 * Parameters for people: RFC 2231 values decoded, and the RFC 2047 words that
 * many programs write instead.
 */
import { hexValue } from "#src/bytes/char_class.ts";
import { decodeCharset } from "./charset.ts";
import { type Parameter, parameter, splitExtended } from "./content_type.ts";
import { decodeHeaderText } from "./encoded_word.ts";

const PERCENT = 0x25;

/** Longest file name that is kept, in UTF-16 units. */
const MAX_TEXT = 1_000;

/** The decoded value of the parameter of that name. */
export function parameterText(
  parameters: readonly Parameter[],
  name: string,
): string | undefined {
  const extended = parameter(parameters, `${name}*`);
  if (extended !== undefined) {
    const split = splitExtended(extended);
    const text = split === undefined ? extended : split.text;
    return decodeCharset(percentDecode(text), split?.charset ?? "utf-8")
      .slice(0, MAX_TEXT);
  }
  const plain = parameter(parameters, name);
  return plain === undefined
    ? undefined
    : decodeHeaderText(plain).slice(0, MAX_TEXT);
}

function percentDecode(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    const high = byte === PERCENT ? hexValue(bytes[i + 1]) : undefined;
    const low = byte === PERCENT ? hexValue(bytes[i + 2]) : undefined;
    if (high === undefined || low === undefined) out[length++] = byte;
    else {
      out[length++] = high * 16 + low;
      i += 2;
    }
  }
  return out.subarray(0, length);
}
