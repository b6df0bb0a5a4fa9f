/** `MessageFacts` of the messages of a mailbox as arrays, filled on demand. */
import { TextColumn, without } from "./text_column.ts";
import type { MessageFacts } from "./message_facts.ts";

/** Texts by which messages are sorted. */
export const TEXTS = [
  "subject",
  "from",
  "to",
  "cc",
  "displayFrom",
  "displayTo",
] as const;

/** One of them. */
export type TextName = typeof TEXTS[number];

/**
 * References and texts that belong to no message any more: beyond so many,
 * everything is read anew.
 */
const MAX_GARBAGE = 100_000;

/** The arrays, as long as the facts of messages are known. */
export class FactColumns {
  /** Facts of the first messages of the mailbox are here. */
  length = 0;
  /** `NaN`: no date. */
  sentAt: number[] = [];
  sentDays: number[] = [];
  /** 1: the subject says that it replies or forwards. */
  replies: number[] = [];
  messageIds: number[] = [];
  /** Where in `pool` the references begin, and how many they are. */
  referencesAt: number[] = [];
  referenceCounts: number[] = [];
  pool: number[] = [];
  #texts = makeTexts();
  #garbage = 0;

  get bytes(): number {
    const texts = TEXTS.reduce((sum, name) => sum + this.#texts[name].bytes, 0);
    return this.length * 48 + this.pool.length * 8 + texts;
  }

  text(name: TextName): TextColumn {
    return this.#texts[name];
  }

  /** Adds the facts of the next message. */
  push(facts: MessageFacts): void {
    this.sentAt.push(facts.sentAt ?? NaN);
    this.sentDays.push(facts.sentDay ?? NaN);
    this.replies.push(facts.replies ? 1 : 0);
    this.messageIds.push(facts.messageId);
    this.referencesAt.push(this.pool.length);
    this.referenceCounts.push(facts.references.length);
    for (const id of facts.references) this.pool.push(id);
    for (const name of TEXTS) this.#texts[name].push(facts[name]);
    this.length++;
  }

  /** Forgets messages by their positions, which ascend. */
  remove(gone: readonly number[]): void {
    if ((gone[0] ?? Infinity) >= this.length) return;
    for (const at of gone) this.#garbage += 1 + (this.referenceCounts[at] ?? 0);
    if (this.#garbage > MAX_GARBAGE) return this.#clear();
    this.sentAt = without(this.sentAt, gone);
    this.sentDays = without(this.sentDays, gone);
    this.replies = without(this.replies, gone);
    this.messageIds = without(this.messageIds, gone);
    this.referencesAt = without(this.referencesAt, gone);
    this.referenceCounts = without(this.referenceCounts, gone);
    for (const name of TEXTS) this.#texts[name].remove(gone);
    this.length = this.sentAt.length;
  }

  #clear(): void {
    this.length = 0;
    this.sentAt = [];
    this.sentDays = [];
    this.replies = [];
    this.messageIds = [];
    this.referencesAt = [];
    this.referenceCounts = [];
    this.pool = [];
    this.#texts = makeTexts();
    this.#garbage = 0;
  }
}

function makeTexts(): Readonly<Record<TextName, TextColumn>> {
  return {
    subject: new TextColumn(),
    from: new TextColumn(),
    to: new TextColumn(),
    cc: new TextColumn(),
    displayFrom: new TextColumn(),
    displayTo: new TextColumn(),
  };
}
