/**
 * Names of annotations that have changed and that a client is still to be told
 * of. RFC 5464 section 4.4.2, RFC 5465 section 5.6 and 5.7. Who may know what
 * is decided in `notifier.ts`.
 */
import type { AccountId, ChangeHint, MailboxId } from "./backend.ts";
import { MAX_NOTIFY_ANNOTATIONS } from "./limits.ts";
import { writeEntryName } from "./metadata_entries.ts";
import type { Session } from "./session.ts";

/** Where annotations hang; `undefined` is the server. */
export type Annotated = MailboxId | undefined;

/** What waits to be told to one client. */
export class AnnotationNews {
  readonly #reader: AccountId;
  readonly #names: Map<Annotated, Set<string>> = new Map();
  #count = 0;

  /** `reader` is who the client has logged in as. */
  constructor(reader: AccountId) {
    this.#reader = reader;
  }

  /** Nothing waits. */
  get isEmpty(): boolean {
    return this.#names.size === 0;
  }

  /** More wait than are kept: some are lost. */
  get isOverfull(): boolean {
    return this.#count > MAX_NOTIFY_ANNOTATIONS;
  }

  /** What waits is of these. */
  get places(): readonly Annotated[] {
    return [...this.#names.keys()];
  }

  /** Keeps what the reader may see of a change; whether there is any. */
  add({ mailbox, annotations }: ChangeHint): boolean {
    let isAny = false;
    for (const { name, reader } of annotations?.changes ?? []) {
      if (reader !== undefined && reader !== this.#reader) continue;
      isAny = true;
      if (this.isOverfull) break;
      const names = this.#names.get(mailbox) ?? new Set();
      this.#names.set(mailbox, names);
      if (names.has(name)) continue;
      names.add(name);
      this.#count++;
    }
    return isAny;
  }

  /** What waits of one place; it waits no more. */
  take(place: Annotated): readonly string[] {
    const names = this.#names.get(place);
    if (names === undefined) return [];
    this.#names.delete(place);
    this.#count -= names.size;
    return [...names];
  }

  /** Nothing is to be told any more. */
  clear(): void {
    this.#names.clear();
    this.#count = 0;
  }
}

/** One METADATA without values. The server's mailbox has no name. */
export function writeChangedEntries(
  { out }: Session,
  mailbox: string,
  names: readonly string[],
): void {
  out.text("* METADATA ").mailbox(mailbox);
  for (const name of names) writeEntryName(out.text(" "), name);
  out.crlf();
}
