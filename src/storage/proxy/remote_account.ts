/** One account whose mail is on another server, as our store would give it. */
import type { ImapFlow, ListResponse, MailboxObject } from "imapflow";
import { StorageError } from "#src/errors/errors.ts";
import type {
  ByteRange,
  FetchColumns,
  FetchedMessage,
  MailboxChanges,
  MailboxInfo,
  MailboxSnapshot,
  MailboxStatus,
  ModSeq,
  NewMessage,
  SpecialUse,
  StoreOutcome,
  StoreRequest,
  Uid,
} from "#src/imap/backend.ts";
import { DELETED_BIT, hasBit } from "#src/imap/flags.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import { columns, type ListedMessage, Mirror } from "./mirror.ts";
import type { RemoteConnection } from "./remote_connection.ts";
import {
  basics,
  gone,
  type KnownMessage,
  needsWhole,
  readSource,
  summarizeRemote,
  SummaryCache,
  withHeader,
  withSummary,
} from "./remote_messages.ts";
import { mailboxObjectId, messageObjectId } from "./object_ids.ts";
import { searchRemote } from "./remote_search.ts";

/** Messages of one batch of a fetch. */
const BATCH = 50;

/** The mirrored mailbox, and where it is. */
interface Mirrored {
  readonly path: string;
  readonly mirror: Mirror;
}

/** What APPEND, COPY and MOVE tell. */
export interface RemotePlaced {
  readonly uidValidity: number;
  readonly sourceUids: readonly Uid[];
  readonly uids: readonly Uid[];
}

/** An account on another server. Mailboxes are named as ours: `A/B`. */
export class RemoteAccount {
  readonly #connection: RemoteConnection;
  readonly #now: () => number;
  readonly #mirrors = new Map<string, Mirrored>();
  readonly #summaries = new SummaryCache();
  #delimiter = "/";

  constructor(connection: RemoteConnection, now: () => number) {
    this.#connection = connection;
    this.#now = now;
  }

  /** Every mailbox; `id` gives each name its number. */
  list(id: (name: string) => number): Promise<readonly MailboxInfo[]> {
    return this.#connection.use(async (client) => {
      const statusQuery = {
        messages: true,
        uidNext: true,
        uidValidity: true,
        unseen: true,
        // Asked for where the other server knows them.
        size: true,
        deleted: true,
      };
      const all = await client.list({ statusQuery });
      return all.map((box) => this.#info(box, id));
    });
  }

  snapshot(name: string): Promise<MailboxSnapshot> {
    return this.#synced(name, ({ mirror }) => mirror.snapshot());
  }

  changes(name: string, since: ModSeq): Promise<MailboxChanges> {
    return this.#synced(name, ({ mirror }) => mirror.changes(since));
  }

  /** The mod-sequence up to which hints may be given. */
  highestModSeq(name: string): ModSeq | undefined {
    return this.#mirrors.get(name)?.mirror.highestModSeq;
  }

  async *fetch(
    name: string,
    uids: Uint32Array,
    wanted: FetchColumns,
  ): AsyncGenerator<readonly FetchedMessage[], void> {
    for (let from = 0; from < uids.length; from += BATCH) {
      const some = uids.subarray(from, from + BATCH);
      yield await this.#fetchBatch(name, some, wanted);
    }
  }

  /** Bytes of a message, in chunks. */
  async *open(
    name: string,
    uid: Uid,
    { of, start, end }: ByteRange,
  ): AsyncGenerator<Uint8Array, void> {
    const known = await this.#known(name, uid);
    const base = of === "body" ? known.headerBytes : 0;
    const limit = of === "header" ? known.headerBytes : Infinity;
    const first = base + start;
    const last = Math.min(end === undefined ? Infinity : base + end, limit);
    const { path } = this.#mirrored(name);
    for (let at = first; at < last;) {
      // Chunk by chunk: others may use the connection in between.
      const chunk = await this.#connection.within(path, async (client) => {
        const to = Math.min(last, Number.MAX_SAFE_INTEGER);
        for await (const bytes of readSource(client, uid, at, to)) return bytes;
        return undefined;
      });
      if (chunk === undefined) return;
      yield chunk;
      at += chunk.length;
    }
  }

  async search(name: string, key: SearchKey): Promise<Uint32Array> {
    // One that is not open may have changed; of an open one the client has
    // been told what there is.
    const isOpen = this.#connection.isAt(this.#pathOf(name));
    if (!isOpen) await this.#synced(name, () => undefined);
    const { path, mirror } = await this.#opened(name);
    return await this.#connection.within(path, async (client) => {
      const { messages, keywords, uidValidity } = mirror;
      const now = this.#now();
      const mailbox = { client, messages, keywords, uidValidity, now };
      const found = await searchRemote(mailbox, key);
      return Uint32Array.from(
        messages.filter(({ uid }) => found.has(uid)),
        ({ uid }) => uid,
      );
    });
  }

  create(name: string): Promise<void> {
    return this.#connection.use(async (client) => {
      const { created } = await client.mailboxCreate(this.#pathOf(name));
      if (!created) throw new StorageError("exists", "It is there already");
      await client.mailboxSubscribe(this.#pathOf(name));
    });
  }

  remove(name: string): Promise<void> {
    this.#mirrors.delete(name);
    return this.#connection.use(async (client) => {
      await client.mailboxDelete(this.#pathOf(name));
    });
  }

  rename(from: string, to: string): Promise<void> {
    this.#mirrors.clear();
    return this.#connection.use(async (client) => {
      await client.mailboxRename(this.#pathOf(from), this.#pathOf(to));
    });
  }

  subscribe(name: string, subscribed: boolean): Promise<void> {
    return this.#connection.use(async (client) => {
      const path = this.#pathOf(name);
      if (subscribed) await client.mailboxSubscribe(path);
      else await client.mailboxUnsubscribe(path);
    });
  }

  storeFlags(
    name: string,
    uids: Uint32Array,
    request: StoreRequest,
  ): Promise<StoreOutcome> {
    const { path, mirror } = this.#mirrored(name);
    const since = request.unchangedSince ?? Infinity;
    const there = [...uids].flatMap((uid) => mirror.get(uid) ?? []);
    const done = there.filter(({ modSeq }) => modSeq <= since);
    const refused = there.filter(({ modSeq }) => modSeq > since);
    const range = done.map(({ uid }) => uid).join(",");
    return this.#connection.within(path, async (client) => {
      const options = { uid: true };
      const flags = [...request.flags];
      if (range !== "") {
        if (request.mode === "add") {
          await client.messageFlagsAdd(range, flags, options);
        } else if (request.mode === "remove") {
          await client.messageFlagsRemove(range, flags, options);
        } else await client.messageFlagsSet(range, flags, options);
        // What the other server made of it counts.
        const now = new Map<Uid, readonly string[]>();
        const query = { uid: true, flags: true };
        for await (const one of client.fetch(range, query, options)) {
          now.set(one.uid, withoutRecent(one.flags));
        }
        mirror.setFlags(now);
      }
      const after = done.flatMap(({ uid }) => mirror.get(uid) ?? [])
        .sort((a, b) => a.uid - b.uid);
      return {
        ...columns(after),
        modified: Uint32Array.from(refused, ({ uid }) => uid).sort(),
        keywords: [...mirror.keywords],
      };
    });
  }

  /** One after the other: the other server may not know MULTIAPPEND. */
  append(
    name: string,
    messages: readonly NewMessage[],
  ): Promise<RemotePlaced> {
    return this.#connection.use(async (client) => {
      const uids: Uid[] = [];
      let uidValidity = this.#mirrors.get(name)?.mirror.uidValidity ?? 1;
      for (const message of messages) {
        const { header, body, flags, internalDate } = message;
        const content = body instanceof Uint8Array
          ? body
          : new Uint8Array(await new Response(body).arrayBuffer());
        const added = await client.append(
          this.#pathOf(name),
          concatBytes([header, content]),
          [...flags],
          new Date(internalDate),
        );
        if (added === false) throw gone();
        uidValidity = Number(added.uidValidity ?? uidValidity);
        uids.push(added.uid ?? await lastUid(client, this.#pathOf(name)));
      }
      return { uidValidity, sourceUids: [], uids };
    });
  }

  copy(
    name: string,
    uids: Uint32Array,
    target: string,
    { move }: { readonly move: boolean },
  ): Promise<RemotePlaced> {
    const { path } = this.#mirrored(name);
    return this.#connection.within(path, async (client) => {
      const range = uids.join(",");
      const to = this.#pathOf(target);
      const outcome = move
        ? await client.messageMove(range, to, { uid: true })
        : await client.messageCopy(range, to, { uid: true });
      if (outcome === false) throw gone();
      const map = [...outcome.uidMap ?? []].sort(([a], [b]) => a - b);
      return {
        uidValidity: Number(outcome.uidValidity ?? 1),
        sourceUids: map.map(([from]) => from),
        uids: map.map(([, uid]) => uid),
      };
    });
  }

  /** Removes those that are \Deleted. */
  async expunge(name: string, uids: Uint32Array): Promise<Uint32Array> {
    const { path, mirror } = this.#mirrored(name);
    const doomed = [...uids].filter((uid) => {
      const message = mirror.get(uid);
      return message !== undefined && hasBit(message.flags, DELETED_BIT);
    });
    if (doomed.length === 0) return new Uint32Array();
    await this.#connection.within(
      path,
      (client) => client.messageDelete(doomed.join(","), { uid: true }),
    );
    await this.#synced(name, () => undefined);
    return Uint32Array.from(doomed).sort();
  }

  /** A name of ours from a path there. */
  nameOf(path: string): string {
    if (/^inbox$/i.test(path)) return "INBOX";
    return path.split(this.#delimiter)
      .map((level) => level.replaceAll("/", "-")).join("/");
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  rest(): Promise<boolean> {
    return this.#connection.rest();
  }

  #pathOf(name: string): string {
    return name.split("/").join(this.#delimiter);
  }

  #info(box: ListResponse, id: (name: string) => number): MailboxInfo {
    if (box.delimiter !== "") this.#delimiter = box.delimiter;
    const name = this.nameOf(box.path);
    const { status } = box;
    const isMailbox = !box.flags.has("\\Noselect") &&
      !box.flags.has("\\NonExistent");
    const use = box.specialUse === "\\Inbox" ? undefined : box.specialUse;
    return {
      id: isMailbox ? id(name) : undefined,
      name,
      specialUse: use as SpecialUse | undefined,
      subscribed: box.subscribed,
      objectId: mailboxObjectId(name),
      status: isMailbox ? this.#statusOf(name, status) : undefined,
    };
  }

  /** What the other server says; more where the mirror is as new. */
  #statusOf(name: string, there: ListResponse["status"]): MailboxStatus {
    const mirrored = this.#mirrors.get(name)?.mirror.status();
    const status = {
      messages: there?.messages ?? 0,
      unseen: there?.unseen ?? 0,
      deleted: there?.deleted ?? 0,
      sizeBytes: there?.size ?? 0,
      // Not offered where there is no QUOTA.
      deletedBytes: 0,
      uidNext: there?.uidNext ?? 1,
      uidValidity: Number(there?.uidValidity ?? 1),
      highestModSeq: this.#now(),
      firstRecentUid: there?.uidNext ?? 1,
    };
    if (mirrored === undefined) return status;
    const isAsNew = there === undefined ||
      mirrored.uidValidity === status.uidValidity &&
        mirrored.uidNext === status.uidNext &&
        mirrored.messages === status.messages &&
        mirrored.unseen === status.unseen;
    return isAsNew ? mirrored : status;
  }

  #mirrored(name: string): Mirrored {
    const mirrored = this.#mirrors.get(name);
    if (mirrored !== undefined) return mirrored;
    throw new StorageError("notFound", "The mailbox was not opened");
  }

  /** As it was when it was last looked at; of URLs one that never was. */
  async #opened(name: string): Promise<Mirrored> {
    return this.#mirrors.get(name) ??
      await this.#synced(name, (mirrored) => mirrored);
  }

  /** Brings the mirror up to date, then asks it. */
  #synced<T>(name: string, ask: (mirrored: Mirrored) => T): Promise<T> {
    const path = this.#pathOf(name);
    return this.#connection.within(path, async (client) => {
      if (client.mailbox === false) throw gone();
      // Lets the server say what it has not said yet.
      await client.noop();
      const mirrored = this.#mirrorOf(name, path, client.mailbox);
      const listed: ListedMessage[] = [];
      if (client.mailbox.exists > 0) {
        const query = {
          uid: true,
          flags: true,
          internalDate: true,
          size: true,
        };
        for await (const one of client.fetch("1:*", query)) {
          listed.push({
            uid: one.uid,
            flags: withoutRecent(one.flags),
            internalDate: new Date(one.internalDate ?? 0).getTime(),
            sizeBytes: one.size ?? 0,
          });
        }
      }
      mirrored.mirror.update(listed, client.mailbox.uidNext);
      return ask(mirrored);
    });
  }

  #mirrorOf(
    name: string,
    path: string,
    { uidValidity, uidNext }: MailboxObject,
  ): Mirrored {
    const known = this.#mirrors.get(name);
    const validity = Number(uidValidity);
    if (known?.mirror.uidValidity === validity) return known;
    const mirror = new Mirror(validity, uidNext, this.#now);
    const mirrored = { path, mirror };
    this.#mirrors.set(name, mirrored);
    return mirrored;
  }

  async #fetchBatch(
    name: string,
    uids: Uint32Array,
    wanted: FetchColumns,
  ): Promise<readonly FetchedMessage[]> {
    const { mirror } = await this.#opened(name);
    const found: FetchedMessage[] = [];
    for (const uid of uids) {
      const message = mirror.get(uid);
      if (message === undefined) continue;
      found.push(basics(message, messageObjectId(mirror.uidValidity, uid)));
    }
    if (needsWhole(wanted)) return await this.#withWhole(name, found, wanted);
    if (wanted.envelope !== true && wanted.header !== true) return found;
    return await this.#withHeaders(name, found, wanted);
  }

  #withHeaders(
    name: string,
    messages: readonly FetchedMessage[],
    wanted: FetchColumns,
  ): Promise<readonly FetchedMessage[]> {
    const { path } = this.#mirrored(name);
    const range = messages.map(({ uid }) => uid).join(",");
    if (range === "") return Promise.resolve([]);
    return this.#connection.within(path, async (client) => {
      const headers = new Map<Uid, Uint8Array>();
      const query = { uid: true, headers: true };
      for await (const one of client.fetch(range, query, { uid: true })) {
        if (one.headers !== undefined) {
          headers.set(one.uid, new Uint8Array(one.headers));
        }
      }
      return messages.flatMap((message) => {
        const header = headers.get(message.uid);
        return header === undefined ? [] : withHeader(message, header, wanted);
      });
    });
  }

  async #withWhole(
    name: string,
    messages: readonly FetchedMessage[],
    wanted: FetchColumns,
  ): Promise<readonly FetchedMessage[]> {
    const found: FetchedMessage[] = [];
    for (const message of messages) {
      const known = await this.#known(name, message.uid);
      let one = withSummary(message, known, wanted);
      const bodyBytes = one.sizeBytes - one.headerBytes;
      const asksBody = wanted.bodyUpTo !== undefined &&
        bodyBytes <= wanted.bodyUpTo;
      if (wanted.header === true) {
        one = { ...one, header: await this.#bytes(name, one.uid, "header") };
      }
      if (asksBody) {
        one = { ...one, body: await this.#bytes(name, one.uid, "body") };
      }
      found.push(one);
    }
    return found;
  }

  async #bytes(
    name: string,
    uid: Uid,
    of: "header" | "body",
  ): Promise<Uint8Array> {
    const range = { of, start: 0, end: undefined };
    return concatBytes(await Array.fromAsync(this.open(name, uid, range)));
  }

  async #known(name: string, uid: Uid): Promise<KnownMessage> {
    const { path, mirror } = await this.#opened(name);
    const key = `${name} ${mirror.uidValidity} ${uid}`;
    const cached = this.#summaries.get(key);
    if (cached !== undefined) return cached;
    const known = await this.#connection.within(
      path,
      (client) => summarizeRemote(client, uid),
    );
    this.#summaries.add(key, known);
    return known;
  }
}

/** Without UIDPLUS: the message that was added last. */
async function lastUid(client: ImapFlow, path: string): Promise<Uid> {
  const status = await client.status(path, { uidNext: true });
  return status === false ? 1 : Math.max(1, (status.uidNext ?? 2) - 1);
}

function withoutRecent(flags: ReadonlySet<string> | undefined): string[] {
  return [...flags ?? []].filter((flag) => flag !== "\\Recent");
}
