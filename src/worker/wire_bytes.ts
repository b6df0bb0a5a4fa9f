/**
 * Bytes on their way to another worker. Structured clone copies the whole
 * buffer under a view, so a short view of a long buffer is cut out first; long
 * buffers that nobody else uses are transferred instead of copied.
 */

/** Buffers shorter than this are cheaper to copy than to transfer. */
const TRANSFER_FROM_BYTES = 16 * 1024;

/**
 * `give`: the caller gives the bytes up, they may be detached. `copy`: they
 * stay as they are and the far side gets a copy.
 */
export type Giving = "give" | "copy";

/** Bytes fit to be posted. */
export function packBytes(
  bytes: Uint8Array,
  transfer: Transferable[],
  how: Giving,
): Uint8Array {
  const whole = bytes.byteLength === bytes.buffer.byteLength;
  if (bytes.byteLength < TRANSFER_FROM_BYTES) {
    return whole ? bytes : new Uint8Array(bytes);
  }
  if (whole && how === "copy") return bytes;
  const packed = whole ? bytes : new Uint8Array(bytes);
  transfer.push(packed.buffer as ArrayBuffer);
  return packed;
}
