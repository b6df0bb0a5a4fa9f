/**
 * `StorageBackend.search`. RFC 9051 section 6.4.4.
 *
 * Columns and the index decide for all messages at once (`search_vector.ts`).
 * What they leave open is opened and looked at one by one
 * (`search_match.ts`), in short reads, so that others get their turn: mail
 * that is not in the index yet, and texts that it cannot decide.
 */
import type { MailboxId } from "#src/imap/backend.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import type { Blobs } from "#src/module/roles/blobs.ts";
import type { StorageDriver } from "../driver.ts";
import { PERHAPS, YES } from "../fulltext/content_states.ts";
import type { SearchIndex } from "../fulltext/search_index.ts";
import { expandFuzzy } from "./expand_fuzzy.ts";
import type { MailboxCache, MailboxView } from "./mailbox_cache.ts";
import { Matcher } from "./search_match.ts";
import { SearchVector } from "./search_vector.ts";

/** How long messages are looked at before others get their turn. */
const SLICE_MS = 5;

/** What a search works on. */
export interface SearchSource {
  readonly driver: StorageDriver;
  readonly blobs: Blobs;
  readonly cache: MailboxCache;
  readonly index: SearchIndex | undefined;
  readonly now: () => number;
}

/** What columns and index say of a mailbox. */
export interface FirstAnswer {
  readonly uids: Uint32Array;
  readonly states: Uint8Array;
  readonly keywords: readonly string[];
  readonly now: number;
}

/** See `StorageBackend.search`. */
export async function searchMailbox(
  source: SearchSource,
  mailbox: MailboxId,
  wanted: SearchKey,
  signal: AbortSignal | undefined,
): Promise<Uint32Array> {
  const key = expandFuzzy(wanted);
  const answer = await source.cache.use(mailbox, async (view) => ({
    uids: view.columns.uids.slice(0, view.columns.length),
    keywords: view.keywords,
    ...await firstAnswer(source, view, key, signal),
  }));
  if (answer === undefined) return new Uint32Array();
  await lookAtRest(source, mailbox, key, answer, signal);
  const { uids, states } = answer;
  return uids.filter((_, at) => states[at] === YES);
}

/** `key` has no `fuzzy` any more. Decides what can be decided without opening messages. */
export async function firstAnswer(
  source: SearchSource,
  view: MailboxView,
  key: SearchKey,
  signal: AbortSignal | undefined,
): Promise<Pick<FirstAnswer, "states" | "now">> {
  signal?.throwIfAborted();
  const now = source.now();
  const { cache, index } = source;
  const vector = new SearchVector({ view, cache, index, now, signal });
  return { states: await vector.of(key), now };
}

/** Turns each `PERHAPS` into what the message itself says. */
export async function lookAtRest(
  source: SearchSource,
  mailbox: MailboxId,
  key: SearchKey,
  { uids, states, keywords, now }: FirstAnswer,
  signal: AbortSignal | undefined,
): Promise<void> {
  const matcher = new Matcher(source, key, { keywords, now });
  let turnBegan = performance.now();
  for (const [at, state] of states.entries()) {
    if (state !== PERHAPS) continue;
    signal?.throwIfAborted();
    const matches = await matcher.matches(mailbox, uids[at] ?? 0);
    states[at] = matches ? YES : 0;
    if (performance.now() - turnBegan > SLICE_MS) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      turnBegan = performance.now();
    }
  }
}
