/**
 * Cuts folded text (`fold`) into words, by rules that look at single characters
 * only: a text and a piece of it are cut at the same places.
 *
 * - A run of letters, digits and marks is a word.
 * - Every character of a script that is written without spaces (Han, Kana,
 *   Thai, ...) is a word, and so is every other sign.
 * - A space is none; it shows in the places of the words around it.
 *
 * Places: the next word stands `NEXT` further on where it follows at once, and
 * `NEXT_AFTER_SPACE` where a space is between. No other way leads from one to
 * the other, so that places tell exactly how words follow one another.
 */

/** From a word to the one that follows it at once. */
export const NEXT = 2;

/** From a word to the one after a space. */
export const NEXT_AFTER_SPACE = 3;

/** Between texts that do not belong together. */
export const APART = 10;

const SPACE = 1;
const LETTER = 2;
const SIGN = 3;

const LETTERS = /[\p{L}\p{N}\p{M}]/u;
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}\p{Script=Yi}\p{Script=Bopomofo}]/u;

/** Takes a word: its bounds in the text, its place, whether it is letters. */
export type TakeWord = (
  start: number,
  end: number,
  place: number,
  letters: boolean,
) => void;

/** Remembers the kinds of characters that it met; one for each thread. */
export class WordCutter {
  readonly #kinds = new Uint8Array(65_536);

  /** Gives the words of `text`, the first at `place`; the last place. */
  cut(text: string, place: number, take: TakeWord): number {
    let at = 0;
    let next = place;
    let last = place;
    while (at < text.length) {
      const start = at;
      const kind = this.#kindAt(text, at);
      at += widthAt(text, at);
      if (kind === SPACE) {
        next = last + NEXT_AFTER_SPACE;
        continue;
      }
      if (kind === LETTER) {
        while (at < text.length && this.#kindAt(text, at) === LETTER) {
          at += widthAt(text, at);
        }
      }
      take(start, at, next, kind === LETTER);
      last = next;
      next = last + NEXT;
    }
    return last;
  }

  #kindAt(text: string, at: number): number {
    const code = text.charCodeAt(at);
    const known = this.#kinds[code] ?? 0;
    if (known !== 0) return known;
    if (code >= 0xd800 && code < 0xdc00) {
      // Not remembered: two units decide.
      return kindOf(String.fromCodePoint(text.codePointAt(at) ?? code));
    }
    const kind = kindOf(text.charAt(at));
    this.#kinds[code] = kind;
    return kind;
  }
}

function kindOf(character: string): number {
  if (character === " ") return SPACE;
  return LETTERS.test(character) && !UNSPACED.test(character) ? LETTER : SIGN;
}

function widthAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code < 0xd800 || code >= 0xdc00) return 1;
  const low = text.charCodeAt(at + 1);
  return low >= 0xdc00 && low < 0xe000 ? 2 : 1;
}
