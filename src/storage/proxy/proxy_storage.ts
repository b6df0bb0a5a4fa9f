/**
 * Role `storage` of `proxy`: accounts that the table names are on the other
 * server, all others in the storage beside it. Accounts and mailboxes there
 * have numbers far above those of any store here, and others at each start, so
 * that a number of an earlier run names nothing.
 */
import { StorageError } from "#src/errors/errors.ts";
import type {
  AccountId,
  ByteRange,
  ChangeHint,
  FetchColumns,
  FetchedMessage,
  MailboxChanges,
  MailboxId,
  MailboxInfo,
  MailboxSnapshot,
  ModSeq,
  NewMessage,
  PlacedMessages,
  SpecialUse,
  StorageBackend,
  StoreOutcome,
  StoreRequest,
  Uid,
} from "#src/imap/backend.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import type { Table } from "#src/module/roles/table.ts";
import type { RemoteAccount, RemotePlaced } from "./remote_account.ts";
import type { RemoteLogin } from "./remote_connection.ts";

/** Numbers from here on are ours; stores count from 1. */
const FIRST_NUMBER = 2 ** 40;

/** Longest message that APPEND takes: it is held in memory on its way. */
const APPEND_LIMIT = 50 * 1024 * 1024;

/** What the storage works with. */
export interface ProxyOptions {
  /** Account to user and password there. */
  readonly accounts: Table;
  /** Storage of all other accounts. */
  readonly others: StorageBackend | undefined;
  /** Makes an account; `onMoved` is called when one of its mailboxes moves. */
  connect(
    login: RemoteLogin,
    onMoved: (mailbox: string) => void,
  ): RemoteAccount;
  readonly random: () => number;
}

interface Known {
  readonly number: number;
  readonly account: RemoteAccount;
}

interface Box {
  readonly owner: Known;
  readonly name: string;
}

/** Joins the accounts of the other server with those here. */
export class ProxyStorage implements StorageBackend {
  readonly #options: ProxyOptions;
  readonly #byName = new Map<string, Known>();
  readonly #accounts = new Map<AccountId, Known>();
  readonly #boxes = new Map<MailboxId, Box>();
  readonly #boxIds = new Map<string, MailboxId>();
  readonly #listeners = new Set<(hint: ChangeHint) => void>();
  #number: number;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#number = FIRST_NUMBER + Math.floor(options.random() * FIRST_NUMBER);
  }

  async openAccount(name: string): Promise<AccountId> {
    const known = this.#byName.get(name);
    if (known !== undefined) return known.number;
    const values = await this.#options.accounts.lookup(name);
    const [user, password] = values ?? [];
    if (user === undefined || password === undefined) {
      return await this.#others().openAccount(name);
    }
    const number = ++this.#number;
    const account = this.#options.connect(
      { user, password },
      (mailbox) => this.#moved(number, mailbox),
    );
    const made = { number, account };
    this.#byName.set(name, made);
    this.#accounts.set(number, made);
    return number;
  }

  async listMailboxes(id: AccountId): Promise<readonly MailboxInfo[]> {
    const known = this.#accounts.get(id);
    if (known === undefined) return await this.#others(id).listMailboxes(id);
    return await known.account.list((name) => this.#boxId(known, name));
  }

  async findMailbox(id: AccountId, name: string): Promise<MailboxInfo> {
    if (!this.#accounts.has(id)) {
      return await this.#others(id).findMailbox(id, name);
    }
    const all = await this.listMailboxes(id);
    const found = all.find((box) => box.name === name);
    if (found?.id === undefined) {
      throw new StorageError("notFound", "No mailbox of that name");
    }
    return found;
  }

  snapshot(id: MailboxId): Promise<MailboxSnapshot> {
    const box = this.#box(id);
    if (box === undefined) return this.#others(id).snapshot(id);
    return box.owner.account.snapshot(box.name);
  }

  changes(id: MailboxId, since: ModSeq): Promise<MailboxChanges> {
    const box = this.#box(id);
    if (box === undefined) return this.#others(id).changes(id, since);
    return box.owner.account.changes(box.name, since);
  }

  fetch(
    id: MailboxId,
    uids: Uint32Array,
    columns: FetchColumns,
  ): AsyncIterable<readonly FetchedMessage[]> {
    const box = this.#box(id);
    if (box === undefined) return this.#others(id).fetch(id, uids, columns);
    return box.owner.account.fetch(box.name, uids, columns);
  }

  async open(
    id: MailboxId,
    uid: Uid,
    range: ByteRange,
  ): Promise<ReadableStream<Uint8Array>> {
    const box = this.#box(id);
    if (box === undefined) return await this.#others(id).open(id, uid, range);
    return ReadableStream.from(box.owner.account.open(box.name, uid, range));
  }

  search(
    id: MailboxId,
    key: SearchKey,
    signal?: AbortSignal,
  ): Promise<Uint32Array> {
    const box = this.#box(id);
    if (box === undefined) return this.#others(id).search(id, key, signal);
    return box.owner.account.search(box.name, key);
  }

  appendLimit(id: AccountId): Promise<number> {
    return this.#accounts.has(id)
      ? Promise.resolve(APPEND_LIMIT)
      : this.#others(id).appendLimit(id);
  }

  async createMailbox(
    id: AccountId,
    name: string,
    specialUse?: SpecialUse,
  ): Promise<MailboxInfo> {
    const known = this.#accounts.get(id);
    if (known === undefined) {
      return await this.#others(id).createMailbox(id, name, specialUse);
    }
    if (specialUse !== undefined) {
      throw new StorageError("use", "Uses are given on the other server");
    }
    await known.account.create(name);
    return await this.findMailbox(id, name);
  }

  async deleteMailbox(id: AccountId, name: string): Promise<void> {
    const known = this.#accounts.get(id);
    if (known === undefined) {
      return await this.#others(id).deleteMailbox(id, name);
    }
    await known.account.remove(name);
    this.#forget(known, name);
  }

  async renameMailbox(
    id: AccountId,
    from: string,
    to: string,
  ): Promise<void> {
    const known = this.#accounts.get(id);
    if (known === undefined) {
      return await this.#others(id).renameMailbox(id, from, to);
    }
    await known.account.rename(from, to);
    this.#forget(known, from);
  }

  async setSubscribed(
    id: AccountId,
    name: string,
    subscribed: boolean,
  ): Promise<void> {
    const known = this.#accounts.get(id);
    if (known === undefined) {
      return await this.#others(id).setSubscribed(id, name, subscribed);
    }
    await known.account.subscribe(name, subscribed);
  }

  claimRecent(id: MailboxId, below: Uid): Promise<Uid> {
    // \Recent is not passed on: nobody of ours is the first to see it.
    return this.#box(id) === undefined
      ? this.#others(id).claimRecent(id, below)
      : Promise.resolve(below);
  }

  storeFlags(
    id: MailboxId,
    uids: Uint32Array,
    request: StoreRequest,
  ): Promise<StoreOutcome> {
    const box = this.#box(id);
    if (box === undefined) {
      return this.#others(id).storeFlags(id, uids, request);
    }
    return this.#moving(
      box,
      box.owner.account.storeFlags(box.name, uids, request),
    );
  }

  async append(
    id: MailboxId,
    messages: readonly NewMessage[],
  ): Promise<PlacedMessages> {
    const box = this.#box(id);
    if (box === undefined) return await this.#others(id).append(id, messages);
    const placed = await box.owner.account.append(box.name, messages);
    this.#tell(box);
    return toPlaced(id, placed);
  }

  async replace(
    id: MailboxId,
    uid: Uid,
    target: MailboxId,
    message: NewMessage,
  ): Promise<PlacedMessages> {
    const box = this.#box(id);
    if (box === undefined) {
      return await this.#others(id).replace(id, uid, target, message);
    }
    // Not in one step there: the new one first, so that nothing can be lost.
    const placed = await this.append(target, [message]);
    const uids = Uint32Array.of(uid);
    await this.storeFlags(id, uids, { mode: "add", flags: ["\\Deleted"] });
    await this.expunge(id, uids);
    return { ...placed, sourceUids: uids };
  }

  async copy(
    id: MailboxId,
    uids: Uint32Array,
    target: MailboxId,
    options: { readonly move: boolean },
  ): Promise<PlacedMessages> {
    const box = this.#box(id);
    const to = this.#box(target);
    if (box === undefined && to === undefined) {
      return await this.#others(id).copy(id, uids, target, options);
    }
    if (box === undefined || to?.owner !== box.owner) {
      throw new StorageError("notAllowed", "Not from one server to another");
    }
    const { account } = box.owner;
    const placed = await account.copy(box.name, uids, to.name, options);
    this.#tell(to);
    if (options.move) this.#tell(box);
    return toPlaced(target, placed);
  }

  expunge(id: MailboxId, uids: Uint32Array): Promise<Uint32Array> {
    const box = this.#box(id);
    if (box === undefined) return this.#others(id).expunge(id, uids);
    return this.#moving(box, box.owner.account.expunge(box.name, uids));
  }

  watch(listener: (hint: ChangeHint) => void): () => void {
    const own = (hint: ChangeHint): void => listener(hint);
    this.#listeners.add(own);
    const unwatch = this.#options.others?.watch(listener);
    return () => {
      this.#listeners.delete(own);
      unwatch?.();
    };
  }

  /** Accounts of the other server that were opened. */
  get opened(): readonly RemoteAccount[] {
    return [...this.#accounts.values()].map(({ account }) => account);
  }

  /** The store of numbers that are not ours. */
  #others(number = 0): StorageBackend {
    const { others } = this.#options;
    if (others !== undefined && number < FIRST_NUMBER) return others;
    throw new StorageError("notFound", "There is no such account or mailbox");
  }

  /** `undefined` for numbers of the other store. */
  #box(id: MailboxId): Box | undefined {
    return this.#boxes.get(id);
  }

  #boxId(owner: Known, name: string): MailboxId {
    const key = `${owner.number} ${name}`;
    const known = this.#boxIds.get(key);
    if (known !== undefined) return known;
    const id = ++this.#number;
    this.#boxIds.set(key, id);
    this.#boxes.set(id, { owner, name });
    return id;
  }

  #forget(owner: Known, name: string): void {
    const key = `${owner.number} ${name}`;
    const id = this.#boxIds.get(key);
    this.#boxIds.delete(key);
    if (id !== undefined) this.#boxes.delete(id);
  }

  async #moving<T>(box: Box, change: Promise<T>): Promise<T> {
    const outcome = await change;
    this.#tell(box);
    return outcome;
  }

  #tell({ owner, name }: Box): void {
    this.#moved(owner.number, name);
  }

  #moved(account: AccountId, name: string): void {
    const mailbox = this.#boxIds.get(`${account} ${name}`);
    if (mailbox === undefined) return;
    // Only the other server knows how far it is: whoever cares asks.
    const hint = { account, mailbox, modSeq: Number.MAX_SAFE_INTEGER };
    for (const listener of this.#listeners) listener(hint);
  }
}

function toPlaced(
  mailbox: MailboxId,
  { uidValidity, sourceUids, uids }: RemotePlaced,
): PlacedMessages {
  return {
    mailbox,
    uidValidity,
    sourceUids: Uint32Array.from(sourceUids),
    uids: Uint32Array.from(uids),
  };
}
