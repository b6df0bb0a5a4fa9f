/**
 * One IMAP connection: its state, and what every command needs of it. The loop
 * that reads and dispatches is `session_loop.ts`.
 *
 * Concurrency: one loop runs one command at a time and is the only writer to
 * the connection. The shared view calls into `SelectedMailbox`, which only
 * notes; the loop tells the client between commands, or in IDLE when woken.
 */
import type { Connection } from "#src/net/connection.ts";
import { ConnectionTimeout } from "#src/net/connection_errors.ts";
import { DeflateConnection } from "#src/net/deflate_connection.ts";
import { StorageError } from "#src/errors/errors.ts";
import type { Log } from "#src/log/log.ts";
import type { AccountId, MailboxInfo, PlacedMessages, Uid } from "./backend.ts";
import type { Command, SessionState } from "./command.ts";
import { ImapError } from "./errors.ts";
import { LOGIN_TIMEOUT_MS, MAX_BEFORE_LOGIN_MS } from "./limits.ts";
import type { Notifier } from "./notifier.ts";
import {
  EVERY_EVENT,
  NO_EVENTS,
  type SelectedEvents,
} from "./notify_request.ts";
import { checkSelectedRights, isReadOnly } from "./mailbox_access.ts";
import { requireRights } from "./rights.ts";
import { SelectedMailbox } from "./selected_mailbox.ts";
import { writeContextChanges } from "./search_contexts.ts";
import type { ImapServices } from "./services.ts";
import { CommandReader } from "./wire/framing.ts";
import { ResponseWriter } from "./wire/response_writer.ts";
import {
  writeCounts,
  writeExpunged,
  writeHeldBack,
  writeHighest,
  writeNewKeywords,
  writeNewMessages,
} from "./news_writer.ts";

/** Who is logged in. */
export interface SessionAccount {
  readonly id: AccountId;
  readonly name: string;
}

const NONE_HIDDEN: ReadonlySet<string> = new Set();

/** State of one connection. */
export class Session {
  readonly services: ImapServices;
  /** By name in capitals. */
  readonly commands: ReadonlyMap<string, Command>;
  readonly reader: CommandReader;
  readonly out: ResponseWriter;
  log: Log;
  /** Set by ENABLE: words in capitals. */
  readonly enabled: Set<string> = new Set();
  #condstore = false;
  /** The loop ends after this command. */
  isEnding = false;
  /** Why, where nobody has said so: for BYE. */
  farewell: string | undefined;
  /** The server goes down: whoever waits for the client stops waiting. */
  isDraining = false;
  /** Called when `isDraining` is set. */
  onDrain: (() => void) | undefined;
  loginFailures = 0;
  #begun: number;
  #connection: Connection;
  readonly #strangerLog: Log;
  #account: SessionAccount | undefined;
  #hidden: ReadonlySet<string> = NONE_HIDDEN;
  #notifier: Notifier | undefined;
  #toldEvents: Promise<void> | undefined;
  #selected: SelectedMailbox | undefined;

  constructor(
    services: ImapServices,
    connection: Connection,
    commands: ReadonlyMap<string, Command>,
    log: Log,
  ) {
    this.services = services;
    this.#begun = services.clock.monotonic();
    this.commands = commands;
    this.#connection = connection;
    this.log = log;
    this.#strangerLog = log;
    this.out = new ResponseWriter(connection);
    this.reader = new CommandReader(connection, {
      beforeWait: () => this.out.flush(),
      sendContinuation: async () => {
        await this.#toldEvents;
        await this.out.line("+ Ready for the literal").flush();
      },
      patience: (timeoutMs) => this.#patience(timeoutMs),
      messageAfter: (name) => commands.get(name)?.messageAfter,
    });
  }

  /** With compression another one than at first. */
  get connection(): Connection {
    return this.#connection;
  }

  /** The bytes are compressed. RFC 4978. */
  get isCompressed(): boolean {
    return this.#connection instanceof DeflateConnection;
  }

  /** Compresses from here on. */
  compress(): void {
    this.#useConnection(new DeflateConnection(this.#connection));
  }

  get state(): SessionState {
    if (this.#account === undefined) return "notAuthenticated";
    return this.#selected === undefined ? "authenticated" : "selected";
  }

  /** The client speaks IMAP4rev2 (RFC 9051) and not IMAP4rev1 any more. */
  get rev2(): boolean {
    return this.enabled.has("IMAP4REV2");
  }

  /** RFC 7162 section 3.2. */
  get qresync(): boolean {
    return this.enabled.has("QRESYNC");
  }

  /** Sequence numbers are neither told nor taken. RFC 9586. */
  get uidOnly(): boolean {
    return this.enabled.has("UIDONLY");
  }

  /** Expunged messages are told by their UIDs. */
  get tellsVanished(): boolean {
    return this.qresync || this.uidOnly;
  }

  /** The client knows mod-sequences. RFC 7162 section 3.1. */
  get condstore(): boolean {
    return this.#condstore;
  }

  /** A CONDSTORE enabling command has come. RFC 7162 section 3.1. */
  useCondstore(): void {
    if (this.#condstore) return;
    this.#condstore = true;
    const upTo = this.#selected?.toldUpTo;
    if (upTo === undefined) return;
    this.out.line(`* OK [HIGHESTMODSEQ ${upTo}] Highest`);
  }

  /** Mailbox names are UTF-8 on the wire. */
  get utf8(): boolean {
    return this.out.utf8Names;
  }

  get account(): SessionAccount {
    if (this.#account === undefined) throw new TypeError("Nobody logged in");
    return this.#account;
  }

  /** Capabilities, in capitals, that this account is not offered. */
  get hidden(): ReadonlySet<string> {
    return this.#hidden;
  }

  /** Name of the account; `undefined` before login. */
  get accountName(): string | undefined {
    return this.#account?.name;
  }

  /** May do for others what they may not do for themselves. */
  get isAdministrator(): boolean {
    const { settings } = this.services;
    return settings.isAdministrator?.(this.account.name) ?? false;
  }

  get selected(): SelectedMailbox {
    if (this.#selected === undefined) throw new TypeError("Nothing selected");
    return this.#selected;
  }

  get trySelected(): SelectedMailbox | undefined {
    return this.#selected;
  }

  /** The selected mailbox, where messages may be changed. */
  get writable(): SelectedMailbox {
    if (this.selected.readOnly) {
      throw new ImapError("NO", "The mailbox is read-only", "READ-ONLY");
    }
    return this.selected;
  }

  /** Enters the account; `NO [LIMIT]` where it has too many sessions. */
  async login(name: string): Promise<void> {
    const { sessionsOf, settings, backend } = this.services;
    const sessions = sessionsOf.get(name) ?? 0;
    if (sessions >= settings.maxSessionsPerAccount) {
      throw new ImapError("NO", "Too many sessions of this account", "LIMIT");
    }
    sessionsOf.set(name, sessions + 1);
    try {
      const id = await backend.openAccount(name);
      this.#account = { id, name };
      this.#hidden = settings.hiddenFor?.(name) ?? NONE_HIDDEN;
    } catch (error) {
      this.#forget(name);
      throw error;
    }
    this.reader.loggedIn = true;
    this.log = this.log.with({ account: name });
  }

  /** The mailbox that a command puts messages into. RFC 9051 section 6.3.12. */
  async findTarget(name: string): Promise<MailboxInfo & { id: number }> {
    try {
      const info = await this.services.backend.findMailbox(
        this.account.id,
        name,
      );
      requireRights(info.rights, "i");
      if (info.id !== undefined) return { ...info, id: info.id };
    } catch (error) {
      const isAbsent = error instanceof StorageError &&
        error.kind === "notFound";
      if (!isAbsent) throw error;
    }
    throw new ImapError("NO", "There is no such mailbox", "TRYCREATE");
  }

  /** Selects; the caller has left the mailbox selected before. */
  async select(
    info: MailboxInfo,
    examine: boolean,
  ): Promise<SelectedMailbox> {
    requireRights(info.rights, "r");
    if (info.id === undefined) {
      throw new ImapError("NO", "The mailbox can not be selected", "CANNOT");
    }
    const { views, backend } = this.services;
    const readOnly = examine || isReadOnly(info.rights);
    const selected = new SelectedMailbox(info.name, readOnly, info.rights);
    const view = await views.open(info.id, selected);
    let first = view.status.firstRecentUid;
    // What arrives while we claim is told, and claimed, later.
    const end = view.uidBound;
    try {
      if (!readOnly && first < end && !this.rev2) {
        first = await backend.claimRecent(info.id, end);
        view.noteRecentClaimed(end);
      }
    } catch (error) {
      views.release(view, selected);
      throw error;
    }
    selected.attach(view);
    if (!this.rev2) selected.addRecent(first, end);
    this.#selected = selected;
    return selected;
  }

  /** Leaves the selected mailbox, if there is one. */
  unselect(): void {
    const selected = this.#selected;
    this.#selected = undefined;
    if (selected !== undefined) {
      this.services.views.release(selected.view, selected);
    }
  }

  /**
   * Forgets everything but TLS. RFC 8437 section 3. Says whether it could: not
   * where compressed bytes are there that nobody has read.
   */
  unauthenticate(): boolean {
    this.end();
    this.enabled.clear();
    this.#condstore = false;
    this.out.utf8Names = false;
    this.reader.loggedIn = false;
    this.log = this.#strangerLog;
    this.#begun = this.services.clock.monotonic();
    if (!(this.#connection instanceof DeflateConnection)) return true;
    const { inner } = this.#connection;
    const isClean = this.#connection.release() && !this.reader.hasBuffered;
    this.#useConnection(inner);
    return isClean;
  }

  /** Frees everything. The connection is closed by the loop. */
  end(): void {
    this.unselect();
    this.useNotifier(undefined);
    if (this.#account !== undefined) this.#forget(this.#account.name);
    this.#account = undefined;
    this.#hidden = NONE_HIDDEN;
  }

  #useConnection(connection: Connection): void {
    this.#connection = connection;
    this.out.useConnection(connection);
    this.reader.useConnection(connection);
  }

  /** Reads what hints have said of the selected mailbox; tells nothing. */
  async catchUp(): Promise<void> {
    const selected = this.#selected;
    if (selected?.rights !== undefined) await checkSelectedRights(this);
    if (selected?.view.stale) await this.#tryRefresh(selected);
  }

  /** NOTIFY is in force. RFC 5465. */
  get notifier(): Notifier | undefined {
    return this.#notifier;
  }

  /** Takes the place of the NOTIFY before. */
  useNotifier(notifier: Notifier | undefined): void {
    this.#notifier?.stop();
    this.#notifier = notifier;
  }

  /** What is told of the selected mailbox by itself. */
  get wants(): SelectedEvents {
    if (this.#notifier === undefined) return EVERY_EVENT;
    return this.#notifier.request.selected ?? NO_EVENTS;
  }

  /** The client has put these messages there itself. */
  noteOwn(placed: PlacedMessages): void {
    const selected = this.#selected;
    if (selected?.view.mailbox !== placed.mailbox) return;
    if (this.wants.items.length === 0 && !selected.contexts.hasItems) return;
    for (const uid of placed.uids) selected.own.add(uid);
  }

  /**
   * Tells what happens while the client says nothing. Whoever else wants to
   * write a line meanwhile waits for `toldEvents`.
   */
  async tellEvents({ isIdle }: { readonly isIdle: boolean }): Promise<void> {
    const expunge = isIdle || !this.wants.isDelayed;
    const told = Promise.withResolvers<void>();
    this.#toldEvents = told.promise;
    try {
      await this.tellNews({ expunge, poll: false });
      await this.#notifier?.tell();
    } finally {
      this.#toldEvents = undefined;
      told.resolve();
    }
  }

  /** Settles when no event is being told. */
  get toldEvents(): Promise<void> | undefined {
    return this.#toldEvents;
  }

  /**
   * Tells what is new in the selected mailbox. RFC 9051 section 7. With `always`
   * also to a client that has asked for no events: it has changed the mailbox
   * itself.
   */
  async tellNews(
    options: {
      readonly expunge: boolean;
      readonly poll: boolean;
      readonly always?: boolean;
    },
  ): Promise<void> {
    const selected = this.#selected;
    if (selected === undefined) return;
    await this.catchUp();
    if (options.poll) await this.#tryRefresh(selected);
    if (selected.view.deleted) {
      throw new ImapError("BYE", "The selected mailbox was deleted");
    }
    const { wants } = this;
    const { contexts } = selected;
    if (!selected.hasNews || !(wants.messages || options.always)) {
      writeContextChanges(this, await contexts.takeChanges(this));
      writeHeldBack(this);
      return;
    }
    const news = selected.takeNews({ expunge: options.expunge });
    const { toldUpTo } = selected;
    if (contexts.size > 0) contexts.tellExpunged(this, news);
    await writeExpunged(this, news);
    if (news.exists !== undefined) {
      if (!this.rev2) await this.#claimRecent(selected, news.newFrom);
      writeCounts(this);
    }
    this.tellKeywords();
    for (const uid of wants.flags ? news.changed : []) {
      // Others may have removed it while we were writing.
      if (selected.has(uid)) this.tellFlags(uid);
      await this.out.relieve();
    }
    const changes = await contexts.takeChanges(this);
    if (news.exists !== undefined) {
      await writeNewMessages(this, news.newFrom, changes);
    }
    // Own EXPUNGE and MOVE say it in their tagged answer.
    const isTold = options.always && news.exists === undefined;
    if (options.expunge && !isTold) writeHighest(this, news, toldUpTo);
    writeContextChanges(this, changes);
    writeHeldBack(this);
  }

  /** Tells of keywords that the mailbox has had only since. */
  tellKeywords(): void {
    writeNewKeywords(this);
  }

  /** One FETCH with the flags of a message. */
  tellFlags(uid: Uid): void {
    const selected = this.selected;
    selected.noteTold(uid);
    const modSeq = this.condstore
      ? ` MODSEQ (${selected.tellModSeq(uid)})`
      : "";
    const flags = this.flagList(uid);
    const start = this.uidOnly
      ? this.fetchStart(uid)
      : `${this.fetchStart(uid)}UID ${uid} `;
    this.out.text(`${start}FLAGS ${flags}${modSeq})\r\n`);
  }

  /** `* 3 FETCH (` or, in UID mode, `* 7 UIDFETCH (`. RFC 9586 section 3.3. */
  fetchStart(uid: Uid): string {
    return this.uidOnly
      ? `* ${uid} UIDFETCH (`
      : `* ${this.selected.seqOf(uid)} FETCH (`;
  }

  /** `(\Seen \Recent)` of a message. */
  flagList(uid: Uid): string {
    const selected = this.selected;
    const recent = !this.rev2 && selected.isRecent(uid);
    const { keywords } = selected.view;
    return selected.flagTexts.of(selected.flagsOf(uid), keywords, { recent });
  }

  /** A stranger has not long, however it drips its bytes. */
  #patience(timeoutMs: number): number {
    if (this.#account !== undefined) return timeoutMs;
    const passed = this.services.clock.monotonic() - this.#begun;
    if (passed < MAX_BEFORE_LOGIN_MS) {
      return Math.min(timeoutMs, LOGIN_TIMEOUT_MS);
    }
    throw new ConnectionTimeout("Nobody logged in in time");
  }

  /** What is new is told another time where the log can not be read now. */
  async #tryRefresh(selected: SelectedMailbox): Promise<void> {
    try {
      await selected.view.refresh();
    } catch (error) {
      this.log.warn("mailbox not refreshed", { error });
    }
  }

  async #claimRecent(selected: SelectedMailbox, from: Uid): Promise<void> {
    const view = selected.view;
    const end = selected.uidBound;
    const first = view.status.firstRecentUid;
    if (first >= end) return;
    if (selected.readOnly) {
      selected.addRecent(Math.max(first, from), end);
      return;
    }
    try {
      const claimed = await this.services.backend.claimRecent(
        view.mailbox,
        end,
      );
      view.noteRecentClaimed(end);
      selected.addRecent(Math.max(claimed, from), end);
    } catch (error) {
      // \Recent is a courtesy; the next session will be told then.
      this.log.warn("recent not claimed", { error });
    }
  }

  #forget(name: string): void {
    const { sessionsOf } = this.services;
    const sessions = (sessionsOf.get(name) ?? 1) - 1;
    if (sessions > 0) sessionsOf.set(name, sessions);
    else sessionsOf.delete(name);
  }
}
