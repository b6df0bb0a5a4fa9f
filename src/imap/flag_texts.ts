/** Lists of flags as text: in a mailbox there are few different ones. */
import type { FlagSet } from "./backend.ts";
import { formatFlagList } from "./flag_responses.ts";
import { flagNames } from "./flags.ts";

/** Texts that are remembered. */
const MAX_TEXTS = 64;

/** Remembers the texts of one mailbox. */
export class FlagTexts {
  readonly #plain: Map<FlagSet, string> = new Map();
  readonly #recent: Map<FlagSet, string> = new Map();
  #keywords: readonly string[] = [];

  /** `(\Seen \Recent)`. */
  of(
    set: FlagSet,
    keywords: readonly string[],
    options: { readonly recent: boolean },
  ): string {
    if (keywords !== this.#keywords) this.#forget(keywords);
    const texts = options.recent ? this.#recent : this.#plain;
    const known = texts.get(set);
    if (known !== undefined) return known;
    const names = flagNames(set, keywords);
    const text = formatFlagList(
      options.recent ? [...names, "\\Recent"] : names,
    );
    if (texts.size >= MAX_TEXTS) texts.clear();
    texts.set(set, text);
    return text;
  }

  #forget(keywords: readonly string[]): void {
    this.#keywords = keywords;
    this.#plain.clear();
    this.#recent.clear();
  }
}
