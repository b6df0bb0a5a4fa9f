/** Role `storage` of `sqlmail`: reading by `Reader`, writing by `Writer`. */
import { StorageError } from "#src/errors/errors.ts";
import type {
  AccountId,
  ByteRange,
  ChangeHint,
  CopyOptions,
  FetchColumns,
  FetchedMessage,
  MailboxChanges,
  MailboxId,
  MailboxInfo,
  MailboxSnapshot,
  NewMessage,
  PlacedMessages,
  SpecialUse,
  StorageBackend,
  StoreOutcome,
  StoreRequest,
  Uid,
} from "#src/imap/backend.ts";
import type { StoragePowers } from "#src/imap/powers.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import { appendMessages, replaceMessage } from "./append_messages.ts";
import type { BodyStore, HeldBody } from "./body_store.ts";
import { Acl } from "./acl.ts";
import {
  claimRecent,
  createMailbox,
  deleteMailbox,
  setSubscribed,
} from "./change_mailboxes.ts";
import type { QuotaLimits } from "./account_usage.ts";
import type { Addresses } from "./addresses.ts";
import type { StorageDriver } from "../driver.ts";
import { Metadata } from "./metadata.ts";
import { Quota } from "./quota.ts";
import { renameMailbox } from "./rename_mailbox.ts";
import {
  copyMessages,
  expungeMessages,
  storeFlags,
} from "./change_messages.ts";
import type { Reader } from "./reader.ts";
import type { Operation, Writer } from "./writer.ts";

/** What the store is made of. */
export interface MailStoreOptions {
  readonly reader: Reader;
  readonly driver: StorageDriver;
  readonly addresses: Addresses;
  readonly defaultQuota: QuotaLimits;
  /** Left out in a worker that only reads. */
  readonly writer: Writer | undefined;
  readonly bodies: BodyStore | undefined;
  readonly hints: HintListeners;
}

/** Who wants to hear of changes. */
export class HintListeners {
  readonly #listeners = new Set<(hint: ChangeHint) => void>();

  add(listener: (hint: ChangeHint) => void): () => void {
    // A wrapper: one function may be added twice.
    const own = (hint: ChangeHint): void => listener(hint);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  publish(hints: readonly ChangeHint[]): void {
    for (const hint of hints) {
      for (const listener of this.#listeners) listener(hint);
    }
  }
}

/** The store in IMAP terms. */
export class MailStore implements StorageBackend {
  readonly powers: StoragePowers;
  readonly #reader: Reader;
  readonly #options: MailStoreOptions;

  constructor(options: MailStoreOptions) {
    this.#options = options;
    this.#reader = options.reader;
    const { driver, addresses, defaultQuota } = options;
    const write = <T>(operation: Operation<T>): Promise<T> =>
      this.#write(operation);
    this.powers = {
      order: options.reader.order,
      quota: new Quota({ driver, addresses, defaultQuota, write }),
      acl: new Acl({ driver, addresses, write }),
      metadata: new Metadata({ driver, write }),
    };
  }

  openAccount(name: string): Promise<AccountId> {
    return this.#reader.openAccount(name);
  }

  listMailboxes(account: AccountId): Promise<readonly MailboxInfo[]> {
    return this.#reader.listMailboxes(account);
  }

  findMailbox(account: AccountId, name: string): Promise<MailboxInfo> {
    return this.#reader.findMailbox(account, name);
  }

  snapshot(mailbox: MailboxId): Promise<MailboxSnapshot> {
    return this.#reader.snapshot(mailbox);
  }

  changes(mailbox: MailboxId, since: number): Promise<MailboxChanges> {
    return this.#reader.changes(mailbox, since);
  }

  fetch(
    mailbox: MailboxId,
    uids: Uint32Array,
    columns: FetchColumns,
  ): AsyncIterable<readonly FetchedMessage[]> {
    return this.#reader.fetch(mailbox, uids, columns);
  }

  open(
    mailbox: MailboxId,
    uid: Uid,
    range: ByteRange,
  ): Promise<ReadableStream<Uint8Array>> {
    return this.#reader.open(mailbox, uid, range);
  }

  search(
    mailbox: MailboxId,
    key: SearchKey,
    signal?: AbortSignal,
  ): Promise<Uint32Array> {
    return this.#reader.search(mailbox, key, signal);
  }

  appendLimit(account: AccountId): Promise<number> {
    return this.#reader.appendLimit(account);
  }

  createMailbox(
    account: AccountId,
    name: string,
    specialUse?: SpecialUse,
  ): Promise<MailboxInfo> {
    return this.#write((tx) => createMailbox(tx, account, name, specialUse));
  }

  deleteMailbox(account: AccountId, name: string): Promise<void> {
    return this.#write((tx) => deleteMailbox(tx, account, name));
  }

  renameMailbox(account: AccountId, from: string, to: string): Promise<void> {
    return this.#write((tx) => renameMailbox(tx, account, from, to));
  }

  setSubscribed(
    account: AccountId,
    name: string,
    subscribed: boolean,
  ): Promise<void> {
    return this.#write((tx) => setSubscribed(tx, account, name, subscribed));
  }

  claimRecent(mailbox: MailboxId, below: Uid): Promise<Uid> {
    return this.#write((tx) => claimRecent(tx, mailbox, below));
  }

  storeFlags(
    mailbox: MailboxId,
    uids: Uint32Array,
    request: StoreRequest,
  ): Promise<StoreOutcome> {
    return this.#write((tx) => storeFlags(tx, mailbox, uids, request));
  }

  async append(
    mailbox: MailboxId,
    messages: readonly NewMessage[],
  ): Promise<PlacedMessages> {
    const limit = await this.appendLimit(0);
    const held: HeldBody[] = [];
    try {
      for (const message of messages) {
        if (message.header.length + message.bodySize > limit) {
          throw new StorageError("limit", "The message is too long");
        }
        held.push(await this.#hold(message));
      }
      return await this.#write((tx) =>
        appendMessages(tx, mailbox, messages, held)
      );
    } finally {
      for (const body of held) body.release();
    }
  }

  async replace(
    mailbox: MailboxId,
    uid: Uid,
    target: MailboxId,
    message: NewMessage,
  ): Promise<PlacedMessages> {
    const limit = await this.appendLimit(0);
    if (message.header.length + message.bodySize > limit) {
      throw new StorageError("limit", "The message is too long");
    }
    const held = await this.#hold(message);
    try {
      const place = { mailbox, uid, target };
      return await this.#write((tx) =>
        replaceMessage(tx, place, message, held)
      );
    } finally {
      held.release();
    }
  }

  copy(
    mailbox: MailboxId,
    uids: Uint32Array,
    target: MailboxId,
    options: CopyOptions,
  ): Promise<PlacedMessages> {
    return this.#write((tx) =>
      copyMessages(tx, mailbox, uids, target, options)
    );
  }

  expunge(mailbox: MailboxId, uids: Uint32Array): Promise<Uint32Array> {
    return this.#write((tx) => expungeMessages(tx, mailbox, uids));
  }

  watch(listener: (hint: ChangeHint) => void): () => void {
    return this.#options.hints.add(listener);
  }

  #write<T>(operation: Operation<T>): Promise<T> {
    const { writer } = this.#options;
    return writer === undefined
      ? Promise.reject(readsOnly())
      : writer.run(operation);
  }

  #hold({ body, bodySize: size }: NewMessage): Promise<HeldBody> {
    const { bodies } = this.#options;
    if (bodies === undefined) return Promise.reject(readsOnly());
    if (!(body instanceof Uint8Array)) {
      return bodies.store({ size, open: () => body });
    }
    return bodies.store({
      size: body.length,
      bytes: body,
      open: () => ReadableStream.from([body]),
    });
  }
}

function readsOnly(): StorageError {
  return new StorageError("notAllowed", "This worker only reads");
}
