/**
 * Text in the form in which SEARCH compares it and SORT orders it. RFC 5051
 * (i;unicode-casemap), RFC 5255 section 4.
 *
 * Compatibility characters are taken apart first and the case is dropped after
 * that, so that a ligature equals its letters. Runs of white space count as one
 * space: text that was folded or wrapped is found as it was typed.
 */

const ASCII = /^[\0-\x7f]*$/;
const WHITE = /[\s\0-\x20\x7f]+/g;
const SHARP_S = "\u00df";

/**
 * Folds text. What holds for parts holds for the whole: if `a` is in `b`, then
 * `fold(a)` is in `fold(b)`.
 */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.replace(WHITE, " ").toUpperCase();
  const plain = text.normalize("NFKD").replace(WHITE, " ");
  // The only letter left that becomes two; the collation keeps it as it is.
  if (!plain.includes(SHARP_S)) return plain.toUpperCase();
  return plain.split(SHARP_S).map((piece) => piece.toUpperCase()).join(SHARP_S);
}

const ABOVE_BASIC = /[\ud800-\uffff]/;

/**
 * A string that `<` orders as octets of UTF-8 would be: UTF-16 puts characters
 * beyond the basic plane before U+E000.
 */
export function collationKey(text: string): string {
  const folded = fold(text).trim();
  if (!ABOVE_BASIC.test(folded)) return folded;
  return folded.replace(/[\ud800-\uffff]/g, (unit) => {
    const code = unit.charCodeAt(0);
    return String.fromCharCode(code < 0xe000 ? code + 0x2000 : code - 0x800);
  });
}
