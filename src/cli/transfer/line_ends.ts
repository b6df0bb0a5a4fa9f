/** Line ends of mail in files: LF there, CRLF on the wire and in our store. */

const CR = 0x0d;
const LF = 0x0a;

/** Every LF without a CR before it gets one. The same bytes where none lacks. */
export function toCrlf(bytes: Uint8Array): Uint8Array {
  let missing = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at - 1] !== CR) missing++;
  }
  if (missing === 0) return bytes;
  const result = new Uint8Array(bytes.length + missing);
  let from = 0;
  let to = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at - 1] === CR) continue;
    result.set(bytes.subarray(from, at), to);
    to += at - from;
    result[to++] = CR;
    from = at;
  }
  result.set(bytes.subarray(from), to);
  return result;
}

/** Every CRLF becomes LF. */
export function toLf(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length);
  let from = 0;
  let to = 0;
  for (let at = bytes.indexOf(CR); at >= 0; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] !== LF) continue;
    result.set(bytes.subarray(from, at), to);
    to += at - from;
    from = at + 1;
  }
  result.set(bytes.subarray(from), to);
  return result.subarray(0, to + bytes.length - from);
}
