/**
 * A store in memory: the contract of `src/imap/backend.ts` in the plainest way,
 * for tests of the protocol. Nothing is durable; everything is visible at once.
 */
import { StorageError } from "#src/errors/errors.ts";
import type {
  ByteRange,
  ChangeHint,
  FetchColumns,
  FetchedMessage,
  MailboxChanges,
  MailboxInfo,
  MailboxSnapshot,
  MailboxStatus,
  NewMessage,
  PlacedMessages,
  SpecialUse,
  StorageBackend,
  StoreOutcome,
  StoreRequest,
} from "#src/imap/backend.ts";
import { MAX_KEYWORDS, SYSTEM_FLAGS } from "#src/imap/backend.ts";
import {
  bitOf,
  difference,
  flagSetOf,
  hasBit,
  union,
} from "#src/imap/flags.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import { memorySearch } from "#tests/support/memory_search.ts";

/** A message as it lies here. */
export interface StoredMessage {
  readonly uid: number;
  modSeq: number;
  flags: number;
  readonly internalDate: number;
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  readonly summary: NewMessage["summary"];
}

interface StoredMailbox {
  readonly id: number;
  readonly account: number;
  name: string;
  specialUse: SpecialUse | undefined;
  readonly uidValidity: number;
  uidNext: number;
  modSeq: number;
  firstRecent: number;
  keywords: string[];
  messages: StoredMessage[];
  expunged: { readonly uid: number; readonly modSeq: number }[];
  isDeleted: boolean;
}

/** Messages that one batch of a fetch has. */
const BATCH = 3;

/** The store. Accounts are made when they are first asked for. */
export class MemoryStorage implements StorageBackend {
  /** Called before each method; may throw or wait. */
  onCall: ((method: string) => void | Promise<void>) | undefined;
  appendLimitBytes = 50 * 1024 * 1024;
  readonly #accounts = new Map<string, number>();
  readonly #mailboxes: StoredMailbox[] = [];
  readonly #subscribed = new Set<string>();
  readonly #listeners = new Set<(hint: ChangeHint) => void>();
  #nextMailbox = 1;
  #nextValidity = 1000;

  /** Makes a mailbox without going through the protocol. */
  addMailbox(account: string, name: string, use?: SpecialUse): number {
    return this.#create(this.#account(account), name, use).id;
  }

  /** The mailbox's messages as they lie here. */
  messagesOf(mailbox: number): readonly StoredMessage[] {
    return this.#box(mailbox).messages;
  }

  async openAccount(name: string): Promise<number> {
    await this.onCall?.("openAccount");
    return this.#account(name);
  }

  async listMailboxes(account: number): Promise<readonly MailboxInfo[]> {
    await this.onCall?.("listMailboxes");
    const infos = this.#live(account).map((box) => this.#info(box));
    for (const key of this.#subscribed) {
      const name = key.slice(key.indexOf(" ") + 1);
      if (!key.startsWith(`${account} `)) continue;
      if (infos.some((info) => info.name === name)) continue;
      infos.push({
        id: undefined,
        name,
        specialUse: undefined,
        subscribed: true,
        status: undefined,
        objectId: "",
      });
    }
    return infos;
  }

  async findMailbox(account: number, name: string): Promise<MailboxInfo> {
    await this.onCall?.("findMailbox");
    return this.#info(this.#find(account, name));
  }

  async snapshot(mailbox: number): Promise<MailboxSnapshot> {
    await this.onCall?.("snapshot");
    const box = this.#box(mailbox);
    return {
      status: statusOf(box),
      keywords: [...box.keywords],
      ...columns(box.messages),
    };
  }

  async changes(mailbox: number, since: number): Promise<MailboxChanges> {
    await this.onCall?.("changes");
    const box = this.#mailboxes.find(({ id }) => id === mailbox);
    if (box === undefined) throw new StorageError("notFound", "No mailbox");
    return {
      status: statusOf(box),
      keywords: [...box.keywords],
      ...columns(box.messages.filter(({ modSeq }) => modSeq > since)),
      expunged: Uint32Array.from(
        box.expunged.filter(({ modSeq }) => modSeq > since),
        ({ uid }) => uid,
      ).sort(),
      deleted: box.isDeleted,
    };
  }

  async *fetch(
    mailbox: number,
    uids: Uint32Array,
    wanted: FetchColumns,
  ): AsyncGenerator<readonly FetchedMessage[]> {
    await this.onCall?.("fetch");
    const box = this.#box(mailbox);
    const set = new Set(uids);
    const messages = box.messages.filter(({ uid }) => set.has(uid))
      .map((message) => fetched(message, wanted));
    for (let at = 0; at < messages.length; at += BATCH) {
      await this.onCall?.("batch");
      yield messages.slice(at, at + BATCH);
    }
  }

  async open(
    mailbox: number,
    uid: number,
    range: ByteRange,
  ): Promise<ReadableStream<Uint8Array>> {
    await this.onCall?.("open");
    const message = this.#box(mailbox).messages.find((m) => m.uid === uid);
    if (message === undefined) throw new StorageError("notFound", "Gone");
    const whole = range.of === "header"
      ? message.header
      : range.of === "body"
      ? message.body
      : concat(message.header, message.body);
    const bytes = whole.slice(range.start, range.end ?? whole.length);
    return new Blob([bytes]).stream();
  }

  async search(mailbox: number, key: SearchKey): Promise<Uint32Array> {
    await this.onCall?.("search");
    const box = this.#box(mailbox);
    return Uint32Array.from(
      box.messages.filter((m) => memorySearch(m, key, box.keywords)),
      ({ uid }) => uid,
    );
  }

  async appendLimit(_account: number): Promise<number> {
    await this.onCall?.("appendLimit");
    return this.appendLimitBytes;
  }

  async createMailbox(
    account: number,
    name: string,
    specialUse?: SpecialUse,
  ): Promise<MailboxInfo> {
    await this.onCall?.("createMailbox");
    const levels = name.split("/");
    for (let n = 1; n < levels.length; n++) {
      const parent = levels.slice(0, n).join("/");
      if (!this.#live(account).some((box) => box.name === parent)) {
        this.#create(account, parent, undefined);
      }
    }
    const info = this.#info(this.#create(account, name, specialUse));
    this.#hint(account, undefined, 0);
    return info;
  }

  async deleteMailbox(account: number, name: string): Promise<void> {
    await this.onCall?.("deleteMailbox");
    if (name === "INBOX") throw new StorageError("notAllowed", "INBOX");
    const box = this.#find(account, name);
    box.isDeleted = true;
    this.#hint(account, box.id, ++box.modSeq);
    this.#hint(account, undefined, 0);
  }

  async renameMailbox(
    account: number,
    from: string,
    to: string,
  ): Promise<void> {
    await this.onCall?.("renameMailbox");
    const box = this.#find(account, from);
    if (this.#live(account).some(({ name }) => name === to)) {
      throw new StorageError("exists", "There");
    }
    if (from === "INBOX") {
      const target = this.#create(account, to, undefined);
      this.#place(box.messages.splice(0), target);
      this.#hint(account, undefined, 0);
      return;
    }
    for (const child of this.#live(account)) {
      if (child === box) child.name = to;
      else if (child.name.startsWith(`${from}/`)) {
        child.name = to + child.name.slice(from.length);
      }
    }
    this.#hint(account, undefined, 0);
  }

  async setSubscribed(
    account: number,
    name: string,
    subscribed: boolean,
  ): Promise<void> {
    await this.onCall?.("setSubscribed");
    if (subscribed) this.#subscribed.add(`${account} ${name}`);
    else this.#subscribed.delete(`${account} ${name}`);
    this.#hint(account, undefined, 0);
  }

  async claimRecent(mailbox: number, below: number): Promise<number> {
    await this.onCall?.("claimRecent");
    const box = this.#box(mailbox);
    const first = box.firstRecent;
    box.firstRecent = Math.max(first, Math.min(below, box.uidNext));
    return first;
  }

  async storeFlags(
    mailbox: number,
    uids: Uint32Array,
    request: StoreRequest,
  ): Promise<StoreOutcome> {
    await this.onCall?.("storeFlags");
    const box = this.#box(mailbox);
    addKeywords(box, request.flags);
    const change = flagSetOf(request.flags, box.keywords);
    const since = request.unchangedSince ?? Infinity;
    const set = new Set(uids);
    const named = box.messages.filter(({ uid }) => set.has(uid));
    const done = named.filter((message) => message.modSeq <= since);
    for (const message of done) {
      const flags = request.mode === "add"
        ? union(message.flags, change)
        : request.mode === "remove"
        ? difference(message.flags, change)
        : change;
      if (flags === message.flags) continue;
      message.flags = flags;
      message.modSeq = ++box.modSeq;
    }
    this.#hint(box.account, box.id, box.modSeq);
    return {
      ...columns(done),
      modified: Uint32Array.from(
        named.filter((message) => !done.includes(message)),
        ({ uid }) => uid,
      ),
      keywords: [...box.keywords],
    };
  }

  async append(
    mailbox: number,
    messages: readonly NewMessage[],
  ): Promise<PlacedMessages> {
    await this.onCall?.("append");
    const box = this.#box(mailbox);
    const bodies: Uint8Array[] = [];
    for (const { body } of messages) {
      bodies.push(
        body instanceof Uint8Array
          ? body
          : new Uint8Array(await new Response(body).arrayBuffer()),
      );
    }
    const uids = messages.map((message, n) => {
      addKeywords(box, message.flags);
      const stored: StoredMessage = {
        uid: box.uidNext++,
        modSeq: ++box.modSeq,
        flags: flagSetOf(message.flags, box.keywords),
        internalDate: message.internalDate,
        header: message.header.slice(),
        body: (bodies[n] ?? new Uint8Array()).slice(),
        summary: message.summary,
      };
      box.messages.push(stored);
      return stored.uid;
    });
    this.#hint(box.account, box.id, box.modSeq);
    return placed(box, new Uint32Array(), uids);
  }

  async replace(
    mailbox: number,
    uid: number,
    target: number,
    message: NewMessage,
  ): Promise<PlacedMessages> {
    await this.onCall?.("replace");
    const from = this.#box(mailbox);
    if (!from.messages.some((one) => one.uid === uid)) {
      throw new StorageError("notFound", "Gone");
    }
    const result = await this.append(target, [message]);
    const sourceUids = Uint32Array.of(uid);
    this.#remove(from, sourceUids);
    return { ...result, sourceUids };
  }

  async copy(
    mailbox: number,
    uids: Uint32Array,
    target: number,
    options: { readonly move: boolean },
  ): Promise<PlacedMessages> {
    await this.onCall?.("copy");
    const from = this.#box(mailbox);
    const to = this.#box(target);
    const set = new Set(uids);
    const messages = from.messages.filter(({ uid }) => set.has(uid));
    const placedUids = this.#place(
      messages.map((m) => ({
        ...m,
        flags: flagSetOf(namesOf(m.flags, from, to), to.keywords),
      })),
      to,
    );
    const sources = Uint32Array.from(messages, ({ uid }) => uid);
    if (options.move) this.#remove(from, sources);
    return placed(to, sources, placedUids);
  }

  async expunge(mailbox: number, uids: Uint32Array): Promise<Uint32Array> {
    await this.onCall?.("expunge");
    const box = this.#box(mailbox);
    const set = new Set(uids);
    const deleted = bitOf("\\Deleted", []) ?? 0;
    const gone = Uint32Array.from(
      box.messages.filter((m) => set.has(m.uid) && hasBit(m.flags, deleted)),
      ({ uid }) => uid,
    );
    this.#remove(box, gone);
    return gone;
  }

  watch(listener: (hint: ChangeHint) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #account(name: string): number {
    const known = this.#accounts.get(name);
    if (known !== undefined) return known;
    const id = this.#accounts.size + 1;
    this.#accounts.set(name, id);
    this.#create(id, "INBOX", undefined);
    return id;
  }

  #create(
    account: number,
    name: string,
    specialUse: SpecialUse | undefined,
  ): StoredMailbox {
    if (this.#live(account).some((box) => box.name === name)) {
      throw new StorageError("exists", "There");
    }
    const box: StoredMailbox = {
      id: this.#nextMailbox++,
      account,
      name,
      specialUse,
      uidValidity: this.#nextValidity++,
      uidNext: 1,
      modSeq: 1,
      firstRecent: 1,
      keywords: [],
      messages: [],
      expunged: [],
      isDeleted: false,
    };
    this.#mailboxes.push(box);
    return box;
  }

  #live(account: number): StoredMailbox[] {
    return this.#mailboxes.filter((box) =>
      box.account === account && !box.isDeleted
    );
  }

  #find(account: number, name: string): StoredMailbox {
    const box = this.#live(account).find((one) => one.name === name);
    if (box === undefined) throw new StorageError("notFound", "No mailbox");
    return box;
  }

  #box(mailbox: number): StoredMailbox {
    const box = this.#mailboxes.find(({ id }) => id === mailbox);
    if (box === undefined || box.isDeleted) {
      throw new StorageError("notFound", "No mailbox");
    }
    return box;
  }

  #info(box: StoredMailbox): MailboxInfo {
    return {
      id: box.id,
      name: box.name,
      specialUse: box.specialUse,
      subscribed: this.#subscribed.has(`${box.account} ${box.name}`),
      status: statusOf(box),
      objectId: `F${box.id}`,
    };
  }

  #place(messages: readonly StoredMessage[], to: StoredMailbox): number[] {
    const uids = messages.map((message) => {
      const uid = to.uidNext++;
      to.messages.push({ ...message, uid, modSeq: ++to.modSeq });
      return uid;
    });
    this.#hint(to.account, to.id, to.modSeq);
    return uids;
  }

  #remove(box: StoredMailbox, uids: Uint32Array): void {
    const set = new Set(uids);
    box.messages = box.messages.filter(({ uid }) => !set.has(uid));
    for (const uid of uids) box.expunged.push({ uid, modSeq: ++box.modSeq });
    this.#hint(box.account, box.id, box.modSeq);
  }

  #hint(account: number, mailbox: number | undefined, modSeq: number): void {
    for (const listener of this.#listeners) {
      listener({ account, mailbox, modSeq });
    }
  }
}

/** Names of flags; those that the target does not know become its keywords. */
function namesOf(
  flags: number,
  from: StoredMailbox,
  to: StoredMailbox,
): string[] {
  const names = [...SYSTEM_FLAGS, ...from.keywords]
    .filter((_, bit) => hasBit(flags, bit));
  addKeywords(to, names);
  return names;
}

function addKeywords(box: StoredMailbox, flags: readonly string[]): void {
  for (const flag of flags) {
    if (bitOf(flag, box.keywords) !== undefined) continue;
    if (box.keywords.length >= MAX_KEYWORDS) {
      throw new StorageError("limit", "Keywords");
    }
    box.keywords.push(flag);
  }
}

function statusOf(box: StoredMailbox): MailboxStatus {
  const count = (bit: number): number =>
    box.messages.filter(({ flags }) => hasBit(flags, bit)).length;
  return {
    messages: box.messages.length,
    unseen: box.messages.length - count(0),
    deleted: count(3),
    sizeBytes: box.messages.reduce(
      (sum, m) => sum + m.header.length + m.body.length,
      0,
    ),
    deletedBytes: box.messages.reduce(
      (sum, m) =>
        hasBit(m.flags, 3) ? sum + m.header.length + m.body.length : sum,
      0,
    ),
    uidNext: box.uidNext,
    uidValidity: box.uidValidity,
    highestModSeq: box.modSeq,
    firstRecentUid: box.firstRecent,
  };
}

function columns(messages: readonly StoredMessage[]): {
  uids: Uint32Array;
  modSeqs: Float64Array;
  flags: Float64Array;
} {
  return {
    uids: Uint32Array.from(messages, ({ uid }) => uid),
    modSeqs: Float64Array.from(messages, ({ modSeq }) => modSeq),
    flags: Float64Array.from(messages, ({ flags }) => flags),
  };
}

function placed(
  box: StoredMailbox,
  sourceUids: Uint32Array,
  uids: readonly number[],
): PlacedMessages {
  return {
    mailbox: box.id,
    uidValidity: box.uidValidity,
    sourceUids,
    uids: Uint32Array.from(uids),
  };
}

function fetched(message: StoredMessage, wanted: FetchColumns): FetchedMessage {
  const { summary, header, body } = message;
  return {
    uid: message.uid,
    internalDate: wanted.dates ? message.internalDate : 0,
    sizeBytes: header.length + body.length,
    headerBytes: header.length,
    emailId: `M${message.uid}`,
    threadId: `T${message.uid}`,
    savedAt: wanted.dates ? message.internalDate : 0,
    ...(wanted.envelope && { envelope: summary.envelope }),
    ...(wanted.bodyStructure && { bodyStructure: summary.bodyStructure }),
    ...(wanted.bodyBasic && { bodyBasic: summary.bodyBasic }),
    ...(wanted.structure && { structure: JSON.stringify(summary.structure) }),
    ...(wanted.header && { header }),
    ...(wanted.preview && { preview: summary.preview }),
    ...(wanted.bodyUpTo !== undefined && body.length <= wanted.bodyUpTo &&
      { body }),
  };
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
