/** `OrderPower` of `sqlmail`: SORT and THREAD. RFC 5256, RFC 5957. */
import type { MailboxId } from "#src/imap/backend.ts";
import type { OrderPower, ThreadWalk } from "#src/imap/powers.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import { YES } from "../fulltext/content_states.ts";
import { expandFuzzy } from "./expand_fuzzy.ts";
import type { FactGroup } from "./fact_columns.ts";
import type { MailboxColumns } from "./mailbox_columns.ts";
import {
  firstAnswer,
  lookAtRest,
  type SearchSource,
} from "./search_mailbox.ts";
import { factsToSort, sortPositions } from "./sort_positions.ts";
import { threadByReferences } from "./thread_references.ts";
import { threadBySubject } from "./thread_subject.ts";

/** Messages that are to be ordered. */
interface Wanted {
  readonly mailbox: MailboxId;
  readonly key: SearchKey;
  /** What their order depends on. */
  readonly facts: readonly FactGroup[];
}

const THREAD_FACTS = {
  ORDEREDSUBJECT: ["dates", "subject"],
  REFERENCES: ["dates", "subject", "threading"],
} as const;

/** Orders the messages of one mailbox. */
export class OrderMessages implements OrderPower {
  readonly #source: SearchSource;

  constructor(source: SearchSource) {
    this.#source = source;
  }

  async sort(
    { mailbox, key, criteria }: Parameters<OrderPower["sort"]>[0],
    signal?: AbortSignal,
  ): Promise<Uint32Array> {
    const sorted = await this.#with(
      { mailbox, key, facts: factsToSort(criteria) },
      signal,
      (columns, found) => {
        const order = sortPositions(columns, found, criteria);
        return order.map((position) => columns.uids[position] ?? 0);
      },
    );
    return sorted ?? new Uint32Array();
  }

  async thread(
    { mailbox, key, algorithm }: Parameters<OrderPower["thread"]>[0],
    signal?: AbortSignal,
  ): Promise<ThreadWalk> {
    const walk = await this.#with(
      { mailbox, key, facts: THREAD_FACTS[algorithm] },
      signal,
      (columns, found) =>
        algorithm === "REFERENCES"
          ? threadByReferences(columns, found)
          : threadBySubject(columns, found),
    );
    return walk ?? { uids: new Uint32Array(), depths: new Uint32Array() };
  }

  /** Calls `order` with the positions of the messages that match. */
  async #with<T>(
    { mailbox, key: wanted, facts }: Wanted,
    signal: AbortSignal | undefined,
    order: (columns: MailboxColumns, found: Uint32Array) => T,
  ): Promise<T | undefined> {
    const source = this.#source;
    const key = expandFuzzy(wanted);
    return await source.cache.use(mailbox, async (view) => {
      const { columns, keywords } = view;
      const first = await firstAnswer(source, view, key, signal);
      const { uids } = columns;
      // Messages may be opened here: others who search this mailbox wait.
      await lookAtRest(
        source,
        mailbox,
        key,
        { ...first, uids, keywords },
        signal,
      );
      await source.cache.loadFacts(view, facts, signal);
      const { states } = first;
      const found = new Uint32Array(columns.length);
      let count = 0;
      for (let at = 0; at < columns.length; at++) {
        if (states[at] === YES) found[count++] = at;
      }
      return order(columns, found.subarray(0, count));
    });
  }
}
