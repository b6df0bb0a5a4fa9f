/**
 * Pieces for a reader that starts a line anew with each piece until its end
 * comes: its work would grow with the square of the length of a line. Pieces
 * without a line end are therefore held back until twice as much is there.
 */

const LF = 0x0a;

/** The same bytes in pieces that double while no line ends. */
export async function* wholeLines(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  /** What the reader has of the line that has not ended. */
  let givenBytes = 0;
  for await (const piece of pieces) {
    const end = piece.lastIndexOf(LF);
    held.push(piece);
    heldBytes += piece.length;
    if (end < 0 && heldBytes < givenBytes) continue;
    yield join(held, heldBytes);
    givenBytes = end < 0 ? givenBytes + heldBytes : piece.length - end - 1;
    held = [];
    heldBytes = 0;
  }
  if (heldBytes > 0) yield join(held, heldBytes);
}

function join(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
