/**
 * Role `storage` in other workers: reading goes to the readers in turn, writing
 * to the one writer. A reader sees every commit that was answered before it was
 * asked (WAL), so the order of a session's calls holds across workers.
 */
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
  ModSeq,
  NewMessage,
  PlacedMessages,
  SpecialUse,
  StorageBackend,
  StoreOutcome,
  StoreRequest,
  Uid,
} from "#src/imap/backend.ts";
import {
  type PackedColumn,
  type PackedMessages,
  type PackedName,
  packedOf,
  unpackMessages,
} from "#src/imap/packed_messages.ts";
import type { StoragePowers } from "#src/imap/powers.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import type { CallContext, CallOptions, Channel, Service } from "./channel.ts";
import type { Link } from "./link.ts";
import { packFields, packList } from "./pack.ts";
import { callPower, type PowerName, remotePowers } from "./remote_powers.ts";
import {
  readByteSequence,
  readSequence,
  sendSequence,
  type WireSequence,
} from "./sequence.ts";
import { packBytes } from "./wire_bytes.ts";
import type { SourceHandle } from "./wire_message.ts";

/** Batches of a fetch on their way at once: one is read, one is prefetched. */
const BATCHES_AHEAD = 2;
/** Chunks of a message on their way at once. */
const CHUNKS_AHEAD = 4;

/** Name of the service that receives hints in the worker of a stub. */
export function hintService(service: string): string {
  return `hints ${service}`;
}

/** Stands for a storage of other workers. */
export class RemoteStorage implements StorageBackend {
  readonly powers: StoragePowers;
  readonly #writer: Link;
  readonly #readers: readonly Link[];
  readonly #service: string;
  readonly #listeners = new Set<(hint: ChangeHint) => void>();
  #turn = 0;

  /** `receive` makes hints arrive: it adds a service to this worker's. */
  constructor(
    writer: Link,
    readers: readonly Link[],
    service: string,
    receive: (name: string, service: Service) => void,
    powers: readonly PowerName[] = [],
  ) {
    this.powers = remotePowers(powers, (home, method, request, signal) => {
      const args = [packFields(request, [], "copy")];
      const link = home === "reader" ? this.#reader() : this.#writer;
      const options = signal === undefined ? {} : { signal };
      return link.call(service, method, args, options);
    });
    this.#writer = writer;
    this.#readers = readers;
    this.#service = service;
    receive(hintService(service), {
      call: () => undefined,
      notified: (_method, args): void => {
        for (const listener of this.#listeners) listener(args[0] as ChangeHint);
      },
    });
    writer.onConnect((channel) => channel.notify(service, "watch", []));
  }

  openAccount(name: string): Promise<AccountId> {
    return this.#read("openAccount", [name]);
  }

  listMailboxes(account: AccountId): Promise<readonly MailboxInfo[]> {
    return this.#read("listMailboxes", [account]);
  }

  findMailbox(account: AccountId, name: string): Promise<MailboxInfo> {
    return this.#read("findMailbox", [account, name]);
  }

  snapshot(mailbox: MailboxId): Promise<MailboxSnapshot> {
    return this.#read("snapshot", [mailbox]);
  }

  changes(mailbox: MailboxId, since: ModSeq): Promise<MailboxChanges> {
    return this.#read("changes", [mailbox, since]);
  }

  async *fetch(
    mailbox: MailboxId,
    uids: Uint32Array,
    columns: FetchColumns,
  ): AsyncGenerator<readonly FetchedMessage[], void> {
    const { channel } = this.#reader();
    const transfer: Transferable[] = [];
    const packed = packFields(uids, transfer, "copy");
    const answer = await channel.call(
      this.#service,
      "fetch",
      [mailbox, packed, columns],
      { transfer },
    );
    const batches = readSequence<WireBatch>(
      channel,
      answer as WireSequence,
      BATCHES_AHEAD,
    );
    for await (const batch of batches) {
      yield "columns" in batch ? unpackMessages(batch) : batch;
    }
  }

  async open(
    mailbox: MailboxId,
    uid: Uid,
    range: ByteRange,
  ): Promise<ReadableStream<Uint8Array>> {
    const { channel } = this.#reader();
    const answer = await channel.call(
      this.#service,
      "open",
      [mailbox, uid, range],
    );
    return readByteSequence(channel, answer as WireSequence, CHUNKS_AHEAD);
  }

  search(
    mailbox: MailboxId,
    key: SearchKey,
    signal?: AbortSignal,
  ): Promise<Uint32Array> {
    const options = signal === undefined ? {} : { signal };
    return this.#read("search", [mailbox, key], options);
  }

  appendLimit(account: AccountId): Promise<number> {
    return this.#read("appendLimit", [account]);
  }

  createMailbox(
    account: AccountId,
    name: string,
    specialUse?: SpecialUse,
  ): Promise<MailboxInfo> {
    return this.#write("createMailbox", [account, name, specialUse]);
  }

  deleteMailbox(account: AccountId, name: string): Promise<void> {
    return this.#write("deleteMailbox", [account, name]);
  }

  renameMailbox(account: AccountId, from: string, to: string): Promise<void> {
    return this.#write("renameMailbox", [account, from, to]);
  }

  setSubscribed(
    account: AccountId,
    name: string,
    subscribed: boolean,
  ): Promise<void> {
    return this.#write("setSubscribed", [account, name, subscribed]);
  }

  claimRecent(mailbox: MailboxId, below: Uid): Promise<Uid> {
    return this.#write("claimRecent", [mailbox, below]);
  }

  storeFlags(
    mailbox: MailboxId,
    uids: Uint32Array,
    request: StoreRequest,
  ): Promise<StoreOutcome> {
    const packed = packFields(uids, [], "copy");
    return this.#write("storeFlags", [mailbox, packed, request]);
  }

  append(
    mailbox: MailboxId,
    messages: readonly NewMessage[],
  ): Promise<PlacedMessages> {
    return this.#send("append", [mailbox], messages);
  }

  replace(
    mailbox: MailboxId,
    uid: Uid,
    target: MailboxId,
    message: NewMessage,
  ): Promise<PlacedMessages> {
    return this.#send("replace", [mailbox, uid, target], [message]);
  }

  /** Calls the writer with messages, of which long ones are pulled. */
  async #send(
    method: string,
    args: readonly unknown[],
    messages: readonly NewMessage[],
  ): Promise<PlacedMessages> {
    const { channel } = this.#writer;
    const transfer: Transferable[] = [];
    const handles: SourceHandle[] = [];
    const packed = messages.map((message) => {
      const fields = packFields(message, transfer, "copy");
      const summary = packFields(message.summary, transfer, "copy");
      if (message.body instanceof Uint8Array) return { ...fields, summary };
      const body = channel.offer(message.body, packOwned);
      handles.push(body);
      return { ...fields, summary, body };
    });
    try {
      return await channel.call(this.#service, method, [...args, packed], {
        transfer,
      }) as PlacedMessages;
    } finally {
      for (const handle of handles) channel.withdraw(handle);
    }
  }

  copy(
    mailbox: MailboxId,
    uids: Uint32Array,
    target: MailboxId,
    options: CopyOptions,
  ): Promise<PlacedMessages> {
    const packed = packFields(uids, [], "copy");
    return this.#write("copy", [mailbox, packed, target, options]);
  }

  expunge(mailbox: MailboxId, uids: Uint32Array): Promise<Uint32Array> {
    return this.#write("expunge", [mailbox, packFields(uids, [], "copy")]);
  }

  watch(listener: (hint: ChangeHint) => void): () => void {
    // A function of its own, so that one listener given twice counts twice.
    const entry = (hint: ChangeHint): void => listener(hint);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  /** The next reader in turn that runs; without one the writer reads. */
  #reader(): Link {
    for (let i = 0; i < this.#readers.length; i++) {
      this.#turn = (this.#turn + 1) % this.#readers.length;
      const reader = this.#readers[this.#turn];
      if (reader?.up === true) return reader;
    }
    return this.#writer;
  }

  #read<T>(
    method: string,
    args: readonly unknown[],
    options?: CallOptions,
  ): Promise<T> {
    return this.#reader()
      .call(this.#service, method, args, options) as Promise<T>;
  }

  #write<T>(method: string, args: readonly unknown[]): Promise<T> {
    return this.#writer.call(this.#service, method, args) as Promise<T>;
  }
}

/** Methods of which arguments and result are plain data. */
const PLAIN_METHODS = new Set<string>(
  [
    "openAccount",
    "listMailboxes",
    "findMailbox",
    "snapshot",
    "changes",
    "appendLimit",
    "createMailbox",
    "deleteMailbox",
    "renameMailbox",
    "setSubscribed",
    "claimRecent",
    "storeFlags",
    "copy",
    "expunge",
  ] satisfies readonly (keyof StorageBackend)[],
);

/** Answers the stubs of a storage. */
export class StorageService implements Service {
  readonly #storage: StorageBackend;
  readonly #service: string;
  readonly #watchers = new Set<Channel>();
  #unwatch: (() => void) | undefined;

  constructor(storage: StorageBackend, service: string) {
    this.#storage = storage;
    this.#service = service;
  }

  async call(
    method: string,
    args: readonly unknown[],
    context: CallContext,
  ): Promise<unknown> {
    if (PLAIN_METHODS.has(method)) {
      const storage = this.#storage as unknown as Record<
        string,
        (...args: readonly unknown[]) => Promise<unknown>
      >;
      const result = await storage[method]?.(...args);
      return packFields(result, context.transfer, "give");
    }
    switch (method) {
      case "fetch": {
        const [mailbox, uids, columns] = args;
        const batches = this.#storage.fetch(
          mailbox as MailboxId,
          uids as Uint32Array,
          columns as FetchColumns,
        );
        return await sendSequence(context, batches, packBatch);
      }
      case "open": {
        const [mailbox, uid, range] = args;
        const stream = await this.#storage.open(
          mailbox as MailboxId,
          uid as Uid,
          range as ByteRange,
        );
        return await sendSequence(context, stream, packOwned);
      }
      case "search": {
        const found = await this.#storage.search(
          args[0] as MailboxId,
          args[1] as SearchKey,
          context.signal,
        );
        return packFields(found, context.transfer, "give");
      }
      case "append":
        return await this.#storage.append(
          args[0] as MailboxId,
          received(args[1], context.channel),
        );
      case "replace": {
        const [message] = received(args[3], context.channel);
        if (message === undefined) throw new TypeError("No message came");
        return await this.#storage.replace(
          args[0] as MailboxId,
          args[1] as Uid,
          args[2] as MailboxId,
          message,
        );
      }
      default: {
        const result = await callPower(
          this.#storage.powers ?? {},
          method,
          args[0],
          context.signal,
        );
        return packFields(result, context.transfer, "give");
      }
    }
  }

  notified(
    _method: string,
    _args: readonly unknown[],
    channel: Channel,
  ): void {
    this.#watchers.add(channel);
    this.#unwatch ??= this.#storage.watch((hint) => {
      for (const watcher of this.#watchers) {
        watcher.notify(hintService(this.#service), "hint", [hint]);
      }
    });
  }

  closed(channel: Channel): void {
    if (!this.#watchers.delete(channel) || this.#watchers.size > 0) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }
}

/** Messages as the store takes them. */
function received(messages: unknown, channel: Channel): NewMessage[] {
  return (messages as readonly WireMessage[]).map((message): NewMessage => {
    const { body } = message;
    if (body instanceof Uint8Array) return { ...message, body };
    const stream = channel.take(body, CHUNKS_AHEAD).toStream();
    return { ...message, body: stream };
  });
}

/** A message of APPEND on its way. */
type WireMessage = Omit<NewMessage, "body"> & {
  readonly body: Uint8Array | SourceHandle;
};

function packOwned(chunk: unknown, transfer: Transferable[]): unknown {
  return packFields(chunk, transfer, "give");
}

/** A batch of a fetch on its way. */
type WireBatch = PackedMessages | readonly FetchedMessage[];

function packBatch(item: unknown, transfer: Transferable[]): WireBatch {
  const batch = item as readonly FetchedMessage[];
  const packed = packedOf(batch);
  if (packed === undefined) return packList(batch, transfer, "give");
  const columns: Partial<Record<PackedName, PackedColumn>> = {};
  for (const [name, column] of Object.entries(packed.columns)) {
    columns[name as PackedName] = packFields(column, transfer, "give");
  }
  const bodies = new Map(packed.bodies);
  for (const [n, body] of bodies) {
    bodies.set(n, packBytes(body, transfer, "give"));
  }
  return { ...packFields(packed, transfer, "give"), columns, bodies };
}
