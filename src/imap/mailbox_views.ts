/**
 * The views of one worker: one a mailbox, however many sessions look at it.
 * Views without sessions stay warm within a bound, so that the next SELECT
 * reads only what has happened since.
 */
import type { MailboxId, ModSeq, StorageBackend } from "./backend.ts";
import { MAX_WARM_VIEW_MESSAGES, MAX_WARM_VIEWS } from "./limits.ts";
import { MailboxView, type ViewListener } from "./mailbox_view.ts";

/** A view, or one that is on its way. */
interface Entry {
  readonly view: Promise<MailboxView>;
  loaded: MailboxView | undefined;
  /** Highest hint that came while the snapshot was being read. */
  hinted: ModSeq;
  users: number;
}

/** Opens and keeps views. */
export class MailboxViews {
  readonly #backend: StorageBackend;
  /** In order of last use. */
  readonly #entries: Map<MailboxId, Entry> = new Map();
  #stopWatching: (() => void) | undefined;

  constructor(backend: StorageBackend) {
    this.#backend = backend;
  }

  /** Begins to listen to the store. */
  start(): void {
    this.#stopWatching ??= this.#backend.watch((hint) => {
      if (hint.mailbox === undefined || hint.annotations !== undefined) return;
      const entry = this.#entries.get(hint.mailbox);
      if (entry === undefined) return;
      if (entry.loaded !== undefined) entry.loaded.hint(hint.modSeq);
      else entry.hinted = Math.max(entry.hinted, hint.modSeq);
    });
  }

  /** Stops listening and forgets everything. */
  stop(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#entries.clear();
  }

  /**
   * The view as of now, for `listener`. Rejects as `snapshot` does. Each
   * success has to be matched by one `release`.
   */
  async open(mailbox: MailboxId, listener: ViewListener): Promise<MailboxView> {
    const isWarm = this.#entries.has(mailbox);
    const entry = this.#entries.get(mailbox) ?? this.#load(mailbox);
    entry.users++;
    try {
      const view = await entry.view;
      if (isWarm || entry.hinted > view.status.highestModSeq) {
        await view.refresh();
      }
      view.listeners.add(listener);
      return view;
    } catch (error) {
      this.#leave(mailbox, entry);
      throw error;
    }
  }

  /** The session has left the mailbox. */
  release(view: MailboxView, listener: ViewListener): void {
    view.listeners.delete(listener);
    const entry = this.#entries.get(view.mailbox);
    if (entry?.loaded === view) this.#leave(view.mailbox, entry);
  }

  #load(mailbox: MailboxId): Entry {
    const view = this.#backend.snapshot(mailbox).then((snapshot) => {
      entry.loaded = new MailboxView(this.#backend, mailbox, snapshot);
      return entry.loaded;
    });
    const entry: Entry = { view, loaded: undefined, hinted: 0, users: 0 };
    this.#entries.set(mailbox, entry);
    return entry;
  }

  #leave(mailbox: MailboxId, entry: Entry): void {
    entry.users--;
    if (entry.users > 0) return;
    if (this.#entries.get(mailbox) !== entry) return;
    this.#entries.delete(mailbox);
    if (entry.loaded === undefined || entry.loaded.deleted) return;
    // Back in, as the one used last.
    this.#entries.set(mailbox, entry);
    this.#cool();
  }

  /** Forgets the warm views that were used longest ago. */
  #cool(): void {
    const warm = [...this.#entries].filter(([, entry]) => entry.users === 0);
    let messages = 0;
    for (const [, entry] of warm) messages += entry.loaded?.count ?? 0;
    let count = warm.length;
    for (const [mailbox, entry] of warm) {
      if (count <= MAX_WARM_VIEWS && messages <= MAX_WARM_VIEW_MESSAGES) return;
      this.#entries.delete(mailbox);
      count--;
      messages -= entry.loaded?.count ?? 0;
    }
  }
}
