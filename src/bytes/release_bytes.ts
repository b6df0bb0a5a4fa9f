/** Memory given back before the garbage collector looks for it. */

/**
 * Frees the memory of an array that its owner needs no more; the array is empty
 * afterwards. Does nothing where the array is a part of a larger buffer, which
 * others may look at. For chunks of streams: the collector does not feel their
 * weight, and lets tens of megabytes pile up.
 */
export function releaseBytes(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer.byteLength !== bytes.byteLength) return;
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}
