/**
 * `StorageBackend.search`. RFC 9051 section 6.4.4.
 *
 * What columns decide is decided in SQL (`search_sql.ts`). Only where the key
 * has text in it are the rows that remain opened and looked at one by one
 * (`search_match.ts`), in short reads, so that others get their turn.
 */
import { bitOf } from "#src/imap/flags.ts";
import type { MailboxId } from "#src/imap/backend.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import type { Blobs } from "#src/module/roles/blobs.ts";
import type { Sql, SqlValue, StorageDriver } from "../driver.ts";
import { asNumber } from "../row.ts";
import { readKeywords } from "./mailbox_state.ts";
import { Matcher } from "./search_match.ts";
import { type SearchPlan, searchPlan } from "./search_sql.ts";

/** UIDs of candidates read at once. */
const PAGE = 10_000;

/** How long messages are looked at before others get their turn. */
const SLICE_MS = 5;

/** What a search works on. */
export interface SearchSource {
  readonly driver: StorageDriver;
  readonly blobs: Blobs;
  readonly now: () => number;
}

/** See `StorageBackend.search`. */
export async function searchMailbox(
  source: SearchSource,
  mailbox: MailboxId,
  key: SearchKey,
  signal: AbortSignal | undefined,
): Promise<Uint32Array> {
  const { driver } = source;
  const keywords = await driver.read((sql) => readKeywords(sql, mailbox));
  const plan = searchPlan(key, {
    now: source.now(),
    bitOf: (flag) => bitOf(flag, keywords),
  });
  const found: number[] = [];
  const matcher = plan.exact ? undefined : new Matcher(source, key, {
    keywords,
    now: source.now(),
  });
  let after = 0;
  for (;;) {
    signal?.throwIfAborted();
    const page = await driver.read((sql) =>
      candidates(sql, mailbox, plan, after)
    );
    if (matcher === undefined) { for (const uid of page) found.push(uid); }
    else await look(matcher, mailbox, page, found, signal);
    after = page[page.length - 1] ?? 0;
    if (page.length < PAGE) return Uint32Array.from(found);
  }
}

/** UIDs above `after` for which the plan's condition holds, ascending. */
async function candidates(
  sql: Sql,
  mailbox: MailboxId,
  plan: SearchPlan,
  after: number,
): Promise<readonly number[]> {
  const from = plan.needsContent
    ? "messages m JOIN contents c ON c.id = m.content"
    : "messages m";
  const params: SqlValue[] = [mailbox, after, ...plan.params];
  const tuples = await sql.tuples(
    `SELECT m.uid FROM ${from} WHERE m.mailbox = ? AND m.uid > ? ` +
      `AND ${plan.where} ORDER BY m.uid LIMIT ${PAGE}`,
    params,
  );
  return tuples.map(([uid]) => asNumber(uid, "uid"));
}

/** Adds those of `page` that match. */
async function look(
  matcher: Matcher,
  mailbox: MailboxId,
  page: readonly number[],
  found: number[],
  signal: AbortSignal | undefined,
): Promise<void> {
  let turnBegan = performance.now();
  for (const uid of page) {
    signal?.throwIfAborted();
    if (await matcher.matches(mailbox, uid)) found.push(uid);
    if (performance.now() - turnBegan > SLICE_MS) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      turnBegan = performance.now();
    }
  }
}
