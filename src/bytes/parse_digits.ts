/** Numbers on the wire: digits and nothing else. */

const ZERO = 0x30;
const NINE = 0x39;

/**
 * The number that `bytes` write in decimal digits; `undefined` when there is
 * none, when anything but a digit is in it, or when it is above `max`. `max`
 * must be a safe integer. Leading zeros are allowed.
 */
export function parseDigits(
  bytes: Uint8Array,
  max: number,
): number | undefined {
  if (bytes.length === 0) return undefined;
  let value = 0;
  for (const byte of bytes) {
    if (byte < ZERO || byte > NINE) return undefined;
    value = value * 10 + (byte - ZERO);
    if (value > max) return undefined;
  }
  return value;
}
