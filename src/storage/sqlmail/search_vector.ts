/**
 * Decides a search key for all messages of a mailbox at once: each gets `NO`,
 * `YES`, or `PERHAPS` where it has to be looked at. AND is the least of the
 * states, OR the greatest, NOT turns them round.
 */
import { bitOf, hasBit } from "#src/imap/flags.ts";
import type { SearchKey, UidRanges } from "#src/imap/search_key.ts";
import { NO, PERHAPS, YES } from "../fulltext/content_states.ts";
import { fold } from "../fulltext/fold_text.ts";
import type { SearchIndex, WantedText } from "../fulltext/search_index.ts";
import type { MailboxCache, MailboxView } from "./mailbox_cache.ts";
import { contentOf } from "./place_messages.ts";
import { dayEnd, dayStart } from "./search_days.ts";

/** What a key is decided with. */
export interface VectorContext {
  readonly view: MailboxView;
  readonly cache: MailboxCache;
  readonly index: SearchIndex | undefined;
  readonly now: number;
  readonly signal: AbortSignal | undefined;
}

type Dated = { readonly op: "before" | "on" | "since" };

/** One state for each position. */
export class SearchVector {
  readonly #context: VectorContext;
  readonly #length: number;

  constructor(context: VectorContext) {
    this.#context = context;
    this.#length = context.view.columns.length;
  }

  /** The states of a key. */
  async of(key: SearchKey): Promise<Uint8Array> {
    switch (key.kind) {
      case "and":
        return await this.#and(key.keys);
      case "or": {
        const states = await this.of(key.left);
        const others = await this.of(key.right);
        for (const [at, state] of others.entries()) {
          if (state > (states[at] ?? NO)) states[at] = state;
        }
        return states;
      }
      case "not": {
        const states = await this.of(key.key);
        for (const [at, state] of states.entries()) states[at] = YES - state;
        return states;
      }
      case "sentDate":
        await this.#context.cache.loadFacts(
          this.#context.view,
          ["dates"],
          this.#context.signal,
        );
        return this.#dates(
          this.#context.view.columns.facts.dates.days,
          key,
          dayStart(key.date),
          dayEnd(key.date),
        );
      case "threadId":
        return await this.#thread(key.id);
      case "address":
        return await this.#text({
          scope: { field: key.field },
          text: key.text,
        });
      case "subject":
        return await this.#text({
          scope: { field: "subject" },
          text: key.text,
        });
      case "header":
        return await this.#text({ scope: { field: key.name }, text: key.text });
      case "body":
        return await this.#text({ scope: "body", text: key.text });
      case "text":
        return await this.#text({ scope: "all", text: key.text });
      default:
        return this.#column(key);
    }
  }

  async #and(keys: readonly SearchKey[]): Promise<Uint8Array> {
    const states = this.#all(YES);
    for (const key of keys) {
      for (const [at, state] of (await this.of(key)).entries()) {
        if (state < (states[at] ?? NO)) states[at] = state;
      }
    }
    return states;
  }

  async #thread(id: string): Promise<Uint8Array> {
    const { cache, view } = this.#context;
    const states = this.#all(NO);
    for (const uid of await cache.uidsOfThread(view.columns.mailbox, id)) {
      const at = view.columns.positionOf(uid);
      if (view.columns.uids[at] === uid && at < states.length) states[at] = YES;
    }
    return states;
  }

  async #text(wanted: WantedText): Promise<Uint8Array> {
    const { index, view, signal } = this.#context;
    const { columns, generation } = view;
    const text = fold(wanted.text);
    if (text === "" && typeof wanted.scope === "string") return this.#all(YES);
    if (index === undefined || generation === undefined) {
      return this.#all(PERHAPS);
    }
    const found = await index.find(
      { ...wanted, text },
      generation,
      (first, last) => columns.hasContentIn(first, last),
      signal,
    );
    const states = new Uint8Array(this.#length);
    const { contents } = columns;
    for (let at = 0; at < states.length; at++) {
      states[at] = found.of(contents[at] ?? 0);
    }
    return states;
  }

  /** Keys that one column of the table decides. */
  #column(key: SearchKey): Uint8Array {
    const { columns, keywords } = this.#context.view;
    switch (key.kind) {
      case "all":
        return this.#all(YES);
      case "uid":
        return this.#uids(key.ranges);
      case "flag": {
        const bit = bitOf(key.flag, keywords);
        if (bit === undefined) return this.#all(NO);
        return this.#where(columns.flags, (flags) => hasBit(flags, bit));
      }
      case "internalDate":
        return this.#dates(
          columns.internalDates,
          key,
          dayStart(key.date),
          dayEnd(key.date),
        );
      case "savedDate":
        return this.#dates(
          columns.savedAt,
          key,
          dayStart(key.date),
          dayEnd(key.date),
        );
      case "emailId": {
        const content = contentOf(key.id);
        return this.#where(columns.contents, (id) => id === content);
      }
      case "within": {
        const limit = this.#context.now - key.seconds * 1_000;
        return this.#where(
          columns.internalDates,
          key.op === "older"
            ? (date) => date <= limit
            : (date) => date >= limit,
        );
      }
      case "size":
        return this.#where(
          columns.sizes,
          key.op === "larger"
            ? (size) => size > key.bytes
            : (size) => size < key.bytes,
        );
      case "modseq":
        return this.#where(columns.modSeqs, (modSeq) => modSeq >= key.value);
      default:
        return this.#all(PERHAPS);
    }
  }

  #uids(ranges: UidRanges): Uint8Array {
    const { columns } = this.#context.view;
    const states = this.#all(NO);
    for (const [first, last] of ranges) {
      const from = columns.positionOf(first);
      states.fill(YES, from, Math.max(from, columns.positionOf(last + 1)));
    }
    return states;
  }

  /** Dates from `start` to before `end`, or those before or since. */
  #dates(
    values: ArrayLike<number>,
    { op }: Dated,
    start: number,
    end: number,
  ): Uint8Array {
    switch (op) {
      case "before":
        return this.#where(values, (date) => date < start);
      case "since":
        return this.#where(values, (date) => date >= start);
      case "on":
        return this.#where(values, (date) => date >= start && date < end);
    }
  }

  #where(
    values: ArrayLike<number>,
    holds: (value: number) => boolean,
  ): Uint8Array {
    const states = new Uint8Array(this.#length);
    for (let at = 0; at < states.length; at++) {
      if (holds(values[at] ?? NaN)) states[at] = YES;
    }
    return states;
  }

  #all(state: number): Uint8Array {
    return new Uint8Array(this.#length).fill(state);
  }
}
