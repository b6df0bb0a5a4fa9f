/** Joining pieces that are mostly one. */
import { concatBytes } from "./concat_bytes.ts";

/** All of `pieces` in one array; a single piece is given back as it is. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  return concatBytes(pieces);
}
