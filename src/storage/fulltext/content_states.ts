/** What is known of contents: whether a text is in them. */

/** It is not, the index cannot say, it is. NOT is `YES` minus the state. */
export const NO = 0;
export const PERHAPS = 1;
export const YES = 2;

interface Range {
  readonly first: number;
  readonly states: Uint8Array;
}

/** States by content id; `PERHAPS` where nothing was said. */
export class ContentStates {
  readonly #ranges: Range[] = [];
  #last: Range | undefined;

  /** Ranges have to be added in ascending order. */
  add(first: number, states: Uint8Array): void {
    this.#ranges.push({ first, states });
  }

  /** Fast where ids are asked for about in order. */
  of(content: number): number {
    const last = this.#last;
    if (last !== undefined) {
      const state = last.states[content - last.first];
      if (state !== undefined) return state;
    }
    let low = 0;
    let high = this.#ranges.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const range = this.#ranges[middle];
      if (range === undefined) break;
      if (content < range.first) high = middle - 1;
      else if (content >= range.first + range.states.length) low = middle + 1;
      else {
        this.#last = range;
        return range.states[content - range.first] ?? PERHAPS;
      }
    }
    return PERHAPS;
  }
}
