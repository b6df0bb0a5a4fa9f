/** Makes plain data fit to be posted: no long buffers under short views. */
import { type Giving, packBytes } from "./wire_bytes.ts";

/**
 * A copy of `value` in which each byte array and typed array of its own level
 * is packed. With `give` long buffers are given away.
 */
export function packFields<T>(
  value: T,
  transfer: Transferable[],
  how: Giving,
): T {
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) {
    return packView(value, transfer, how) as T;
  }
  let packed: Record<string, unknown> | undefined;
  for (const [name, field] of Object.entries(value)) {
    if (!ArrayBuffer.isView(field)) continue;
    const view = packView(field, transfer, how);
    if (view === field) continue;
    packed = { ...(packed ?? value), [name]: view };
  }
  return (packed ?? value) as T;
}

/** `packFields` for each element of a list. */
export function packList<T>(
  values: readonly T[],
  transfer: Transferable[],
  how: Giving,
): readonly T[] {
  return values.map((value) => packFields(value, transfer, how));
}

/** Arrays of numbers keep their type; all others become `Uint8Array`. */
function packView(
  view: ArrayBufferView,
  transfer: Transferable[],
  how: Giving,
): ArrayBufferView {
  if (view instanceof Uint8Array) return packBytes(view, transfer, how);
  const whole = view.byteLength === view.buffer.byteLength;
  if (whole) {
    if (how === "give" && view.byteLength >= 16 * 1024) {
      transfer.push(view.buffer as ArrayBuffer);
    }
    return view;
  }
  if (view instanceof Uint32Array) return new Uint32Array(view);
  if (view instanceof Float64Array) return new Float64Array(view);
  return view;
}
