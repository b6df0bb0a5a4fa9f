/** Gathers the words of one block in memory. */
import { BODY, NAMES, PRESENT } from "./index_field.ts";
import { pushVarint } from "./varints.ts";
import { APART, NEXT_AFTER_SPACE, type WordCutter } from "./word_cutter.ts";

/** Content ids that one block covers at most. */
export const MAX_SPAN = 4_096;

/** Places after which a block is full: what it takes in memory, 8 bytes each. */
export const MAX_BLOCK_PLACES = 1_500_000;

/** Place beyond which the text of a message is left out. */
const MAX_PLACE = 2_000_000;

/** A place and a document are one number: places of one document. */
export const DOCUMENT: number = 2 ** 21;

/**
 * Longer words are kept as windows of this length, a half further on each: any
 * text up to a half stands whole in one of them.
 */
export const MAX_WORD = 128;
const WINDOW_STEP = MAX_WORD / 2;

/** Longest text that windows decide. */
export const MAX_WITHIN = MAX_WORD - WINDOW_STEP;

/** A row of `words`. */
export interface WordRow {
  readonly word: string;
  readonly documents: Uint8Array;
  readonly places: Uint8Array;
}

/** The words of one field. */
export interface FieldWords {
  readonly field: number;
  readonly size: number;
  rows(): Iterable<WordRow>;
}

/** The text of one message, to be added. */
export interface DocumentText {
  /** Header fields: number, name and value, folded. */
  readonly lines: readonly {
    readonly field: number;
    readonly name: string;
    readonly value: string;
  }[];
  /** Texts of the body, folded. */
  readonly texts: readonly string[];
  /** Whether `texts` is all that there is. */
  readonly complete: boolean;
}

/** Where the adding of a message stands. */
interface State {
  readonly base: number;
  place: number;
  vague: boolean;
  whole: boolean;
}

/** One block. */
export class BlockBuilder {
  readonly first: number;
  readonly #cutter: WordCutter;
  readonly #fields = new Map<number, Map<string, number[]>>();
  readonly #vague: number[] = [];
  readonly #partial: number[] = [];
  #documents = 0;
  #places = 0;

  constructor(first: number, cutter: WordCutter) {
    this.first = first;
    this.#cutter = cutter;
  }

  get documents(): number {
    return this.#documents;
  }

  /** Places of words. */
  get places(): number {
    return this.#places;
  }

  /** Documents with words that are too long; deltas. */
  get vague(): Uint8Array {
    return deltas(this.#vague);
  }

  /** Documents with text that was left out; deltas. */
  get partial(): Uint8Array {
    return deltas(this.#partial);
  }

  /** Adds a message; content ids must ascend. */
  add(content: number, text: DocumentText): void {
    const state: State = {
      base: (content - this.first) * DOCUMENT,
      place: 0,
      vague: false,
      whole: text.complete,
    };
    for (const { field, name, value } of text.lines) {
      this.#keep(PRESENT, name, state.base);
      // The words of the value stand where they stand in `NAME: value`.
      this.#cut(NAMES, `${name}:`, state);
      state.place += NEXT_AFTER_SPACE;
      this.#cut(field, value, state);
      state.place += APART;
    }
    for (const each of text.texts) {
      this.#cut(BODY, each, state);
      state.place += APART;
    }
    this.#documents++;
    if (state.vague) this.#vague.push(content - this.first);
    if (!state.whole) this.#partial.push(content - this.first);
  }

  /** In the order in which the words have to be stored: BODY stands last. */
  fields(): readonly FieldWords[] {
    const numbers = [...this.#fields.keys()].filter((field) => field !== BODY)
      .sort((a, b) => a - b);
    return [...numbers, BODY].flatMap((field) => {
      const words = this.#fields.get(field);
      return words === undefined
        ? []
        : [{ field, size: words.size, rows: () => rowsOf(words) }];
    });
  }

  /** Adds the words of a text; `state.place` is then that of the last one. */
  #cut(field: number, text: string, state: State): void {
    state.place = this.#cutter.cut(text, state.place, (start, end, place) => {
      if (place > MAX_PLACE) {
        state.whole = false;
        return;
      }
      if (end - start <= MAX_WORD) {
        this.#keep(field, text.slice(start, end), state.base + place);
        return;
      }
      state.vague = true;
      for (let at = start; at < end; at += WINDOW_STEP) {
        const window = text.slice(at, Math.min(at + MAX_WORD, end));
        this.#keep(field, window, state.base + place);
        if (at + MAX_WORD >= end) break;
      }
    });
  }

  #keep(field: number, word: string, at: number): void {
    let words = this.#fields.get(field);
    if (words === undefined) this.#fields.set(field, words = new Map());
    const list = words.get(word);
    if (list === undefined) words.set(word, [at]);
    else if (list[list.length - 1] !== at) list.push(at);
    else return;
    this.#places++;
  }
}

/** The most frequent first: a few of them are in most messages. */
function* rowsOf(
  words: ReadonlyMap<string, readonly number[]>,
): Generator<WordRow, void> {
  const frequent = [...words].sort(([, a], [, b]) => b.length - a.length);
  for (const [word, list] of frequent) yield { word, ...encode(list) };
}

/** The list as the two blobs of a row. */
function encode(list: readonly number[]): Omit<WordRow, "word"> {
  const documents: number[] = [];
  const places: number[] = [];
  let own: number[] = [];
  let document = -1;
  let place = 0;
  for (const at of list) {
    const next = Math.floor(at / DOCUMENT);
    if (next !== document) {
      if (own.length > 0) {
        pushVarint(places, own.length);
        for (const byte of own) places.push(byte);
      }
      pushVarint(documents, next - document);
      document = next;
      own = [];
      place = 0;
    }
    const here = at - next * DOCUMENT;
    pushVarint(own, here - place);
    place = here;
  }
  pushVarint(places, own.length);
  for (const byte of own) places.push(byte);
  return {
    documents: Uint8Array.from(documents),
    places: Uint8Array.from(places),
  };
}

function deltas(numbers: readonly number[]): Uint8Array {
  const out: number[] = [];
  let last = -1;
  for (const number of numbers) {
    pushVarint(out, number - last);
    last = number;
  }
  return Uint8Array.from(out);
}
