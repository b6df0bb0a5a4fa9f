/** What a wanted text means in terms of words and their places. */
import { NEXT_AFTER_SPACE, type WordCutter } from "./word_cutter.ts";

/** How a word of the index has to relate to a piece of the wanted text. */
export type PieceMatch = "within" | "prefix" | "suffix" | "equal";

/** One word of the wanted text. */
export interface QueryPiece {
  readonly text: string;
  readonly match: PieceMatch;
  /** Place, counted from the first piece. */
  readonly offset: number;
}

/** A wanted text. */
export interface IndexQuery {
  readonly pieces: readonly QueryPiece[];
  /** Whether the pieces say all that the text says. */
  readonly exact: boolean;
}

/**
 * The pieces of a folded text; `undefined` where there is no word in it. A
 * space at an end wants something beyond it, which the pieces do not say.
 */
export function indexQuery(
  folded: string,
  cutter: WordCutter,
): IndexQuery | undefined {
  const opens = folded.startsWith(" ");
  const closes = folded.endsWith(" ");
  const words: { text: string; letters: boolean; offset: number }[] = [];
  let first = 0;
  cutter.cut(folded, 0, (start, end, place, letters) => {
    if (words.length === 0) first = place;
    words.push({
      text: folded.slice(start, end),
      letters,
      offset: place - first,
    });
  });
  if (words.length === 0) return undefined;
  const pieces = words.map(({ text, letters, offset }, n): QueryPiece => {
    const openLeft = n === 0 && !opens && letters;
    const openRight = n === words.length - 1 && !closes && letters;
    const match = openLeft
      ? openRight ? "within" : "suffix"
      : openRight
      ? "prefix"
      : "equal";
    return { text, match, offset };
  });
  return { pieces, exact: !opens && !closes };
}

/** Longest way from the first to the last piece that a query may have. */
export const MAX_OFFSET = 2_000 * NEXT_AFTER_SPACE;
