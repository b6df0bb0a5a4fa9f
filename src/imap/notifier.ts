/**
 * Watches the mailboxes of an account for one session and tells what happens to
 * those that are not selected: STATUS for messages (RFC 5465 section 5.1 to
 * 5.3), LIST for names and subscriptions (section 5.4 and 5.5), METADATA for
 * annotations (section 5.6 and 5.7). News of messages in the selected mailbox
 * are the business of `news_writer.ts`.
 *
 * A hint only marks a mailbox; what is told is the difference between what the
 * client knows and what is now. So nothing piles up for a slow client. Only
 * annotations have no history: their names wait, up to a bound.
 */
import {
  type ChangeHint,
  EVERY_ACCOUNT,
  type MailboxId,
  type MailboxInfo,
  type MailboxStatus,
} from "./backend.ts";
import { StorageError } from "#src/errors/errors.ts";
import {
  type Annotated,
  AnnotationNews,
  writeChangedEntries,
} from "./annotation_news.ts";
import { ImapError } from "./errors.ts";
import { MAX_NOTIFY_MAILBOXES, MAX_NOTIFY_OWN } from "./limits.ts";
import { nameChanges } from "./name_changes.ts";
import {
  eventsOf,
  NOTIFY_NONE,
  type NotifyEvent,
  type NotifyRequest,
  wantsAnywhere,
} from "./notify_request.ts";
import { hasRights, mayAnnotate } from "./rights.ts";
import type { Session } from "./session.ts";
import { type StatusItem, writeStatus } from "./status_items.ts";
import { tellListed, tellNoAccess } from "./tell_name.ts";

/** Above so many changed mailboxes all are read at once. */
const FEW = 4;

/** No two of all sessions share an id of that length. */
const ID_BYTES = 8;

/** One NOTIFY command in force. */
export class Notifier {
  /** Called when there is something to tell. */
  onWake: (() => void) | undefined;
  /** By which it knows hints of what this client has done itself. */
  readonly id: string;
  readonly #session: Session;
  #request: NotifyRequest;
  /** What the client has been told, or could have asked for. */
  #known: readonly MailboxInfo[] = [];
  #byId: ReadonlyMap<MailboxId, MailboxInfo> = new Map();
  readonly #changed: Set<MailboxId> = new Set();
  #isListChanged = false;
  readonly #annotations: AnnotationNews;
  /** Names that this client has changed itself. */
  readonly #own: Set<string> = new Set();
  #stopWatching: (() => void) | undefined;

  private constructor(session: Session, request: NotifyRequest) {
    this.#session = session;
    this.#request = request;
    this.#annotations = new AnnotationNews(session.account.id);
    this.id = session.services.random(ID_BYTES).toHex();
  }

  /** Begins to watch. `NO [NOTIFICATIONOVERFLOW]` where that is too much. */
  static async begin(
    session: Session,
    request: NotifyRequest,
  ): Promise<Notifier> {
    const notifier = new Notifier(session, request);
    if (request.groups.length === 0) return notifier;
    const { backend } = session.services;
    const { id } = session.account;
    notifier.#stopWatching = backend.watch((hint) => notifier.#hint(hint));
    try {
      notifier.#know(await backend.listMailboxes(id));
      if (notifier.#known.length > MAX_NOTIFY_MAILBOXES) {
        throw new ImapError(
          "NO",
          "There are too many mailboxes to watch",
          "NOTIFICATIONOVERFLOW",
        );
      }
    } catch (error) {
      notifier.stop();
      throw error;
    }
    return notifier;
  }

  get request(): NotifyRequest {
    return this.#request;
  }

  /** Watches no more. */
  stop(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#changed.clear();
    this.#isListChanged = false;
    this.#annotations.clear();
  }

  /** The client has made, removed or renamed this itself and knows of it. */
  noteOwn(...names: readonly string[]): void {
    if (this.#stopWatching === undefined) return;
    for (const name of names) {
      if (this.#own.size < MAX_NOTIFY_OWN) this.#own.add(name);
    }
  }

  /**
   * Mailboxes that are asked about, that one sees and may not read: of them no
   * event is told. RFC 5465 section 3.1.
   */
  async tellNoAccess(): Promise<void> {
    for (const info of this.#known) {
      if (hasRights(info.rights, "r")) continue;
      if (eventsOf(this.#request, info).size === 0) continue;
      tellNoAccess(this.#session, info.name);
      await this.#session.out.relieve();
    }
  }

  /** STATUS of every mailbox with events of messages. RFC 5465 section 3.1. */
  async tellAll(): Promise<void> {
    for (const info of this.#known) {
      if (info.status === undefined || this.#isSelected(info)) continue;
      const events = eventsOf(this.#request, info);
      if (!events.has("MessageNew")) continue;
      const items: StatusItem[] = ["MESSAGES", "UIDNEXT", "UIDVALIDITY"];
      if (events.has("FlagChange") || this.#session.condstore) {
        items.push("HIGHESTMODSEQ");
      }
      await writeStatus(this.#session, { ...info, status: info.status }, items);
    }
  }

  /** Tells what has changed since the last time. */
  async tell(): Promise<void> {
    const isAny = this.#isListChanged || this.#changed.size > 0 ||
      !this.#annotations.isEmpty;
    if (!isAny) return;
    if (this.#annotations.isOverfull) {
      return this.#overflow("Too much has changed");
    }
    try {
      if (this.#isListChanged || this.#changed.size > FEW) {
        await this.#tellList();
      } else await this.#tellFew();
      await this.#tellAnnotations();
    } catch (error) {
      const isOurs = error instanceof StorageError;
      if (!isOurs) throw error;
      // Told another time: nothing is lost, for it is a difference.
      this.#isListChanged = true;
      this.#session.log.warn("events not read", { error });
    }
  }

  #hint(hint: ChangeHint): void {
    const { account, mailbox } = hint;
    if (hint.annotations !== undefined) {
      if (this.#noteAnnotations(hint)) this.onWake?.();
      return;
    }
    if (mailbox === undefined) {
      const isOurs = account === this.#session.account.id ||
        account === EVERY_ACCOUNT;
      if (!isOurs) return;
      this.#isListChanged = true;
    } else {
      if (!this.#byId.has(mailbox)) return;
      this.#changed.add(mailbox);
      // Of the selected mailbox the view tells; this is for afterwards.
      if (this.#session.trySelected?.view.mailbox === mailbox) return;
    }
    this.onWake?.();
  }

  /** Whether there is something to tell. */
  #noteAnnotations(hint: ChangeHint): boolean {
    if (hint.annotations?.by === this.id) return false;
    const { mailbox } = hint;
    if (mailbox === undefined) {
      return wantsAnywhere(this.#request, "ServerMetadataChange") &&
        this.#annotations.add(hint);
    }
    // One that is not known may be new: then the list says so first.
    return wantsAnywhere(this.#request, "MailboxMetadataChange") &&
      (this.#isListChanged || this.#byId.has(mailbox)) &&
      this.#annotations.add(hint);
  }

  #know(mailboxes: readonly MailboxInfo[]): void {
    this.#known = mailboxes;
    const byId = new Map<MailboxId, MailboxInfo>();
    for (const info of mailboxes) {
      if (info.id !== undefined) byId.set(info.id, info);
    }
    this.#byId = byId;
  }

  async #tellList(): Promise<void> {
    const { services, account } = this.#session;
    this.#isListChanged = false;
    this.#changed.clear();
    const own = new Set(this.#own);
    this.#own.clear();
    const before = this.#known;
    const knownById = this.#byId;
    const now = await services.backend.listMailboxes(account.id);
    if (now.length > MAX_NOTIFY_MAILBOXES) {
      return this.#overflow("There are too many mailboxes to watch");
    }
    this.#know(now);
    for (const change of nameChanges(before, now)) {
      if (own.has(change.listed.name)) continue;
      if (change.oldName !== undefined && own.has(change.oldName)) continue;
      if (!change.about.some((info) => this.#wants(info, change.event))) {
        continue;
      }
      tellListed(this.#session, change.listed, change.oldName);
      await this.#session.out.relieve();
    }
    for (const info of now) {
      const old = info.id === undefined ? undefined : knownById.get(info.id);
      if (old !== undefined) await this.#compare(old, info);
    }
  }

  async #tellFew(): Promise<void> {
    const { account } = this.#session;
    for (const id of [...this.#changed]) {
      const old = this.#byId.get(id);
      if (old !== undefined && this.#isSelected(old)) continue;
      this.#changed.delete(id);
      if (old === undefined) continue;
      const info = await this.#find(account.id, old.name);
      // It has another name now, or is gone: the list says it.
      if (info?.id !== id) continue;
      this.#know(this.#known.map((one) => one.id === id ? info : one));
      await this.#compare(old, info);
    }
  }

  /** RFC 5465 section 5.6 and 5.7: names, and no values. */
  async #tellAnnotations(): Promise<void> {
    for (const place of this.#annotations.places) {
      const name = await this.#annotatedName(place);
      // Only now: what comes while rights are asked for is told as well.
      const entries = this.#annotations.take(place);
      if (name === undefined || entries.length === 0) continue;
      writeChangedEntries(this.#session, name, entries);
      await this.#session.out.relieve();
    }
  }

  /** Under which name it is told; `undefined`: it is not. */
  async #annotatedName(place: Annotated): Promise<string | undefined> {
    if (place === undefined) return "";
    const info = this.#byId.get(place);
    if (info === undefined || !this.#wants(info, "MailboxMetadataChange")) {
      return undefined;
    }
    if (info.rights === undefined) return info.name;
    const { services, account } = this.#session;
    const rights = await services.backend.powers?.acl?.rightsOf({
      account: account.id,
      mailbox: place,
    });
    return mayAnnotate(rights ?? info.rights) ? info.name : undefined;
  }

  async #find(
    account: number,
    name: string,
  ): Promise<MailboxInfo | undefined> {
    try {
      return await this.#session.services.backend.findMailbox(account, name);
    } catch (error) {
      if (error instanceof StorageError && error.kind === "notFound") {
        return undefined;
      }
      throw error;
    }
  }

  /** STATUS for what has happened to the messages of a mailbox. */
  async #compare(old: MailboxInfo, now: MailboxInfo): Promise<void> {
    const { status } = now;
    if (old.status === undefined || status === undefined) return;
    if (this.#isSelected(now)) {
      if (now.id !== undefined) this.#changed.add(now.id);
      return;
    }
    const events = eventsOf(this.#request, now);
    const items = changedItems(old.status, status, {
      events,
      condstore: this.#session.condstore,
    });
    if (items.length === 0) return;
    await writeStatus(this.#session, { ...now, status }, items);
  }

  #wants(info: MailboxInfo, event: NotifyEvent): boolean {
    return eventsOf(this.#request, info).has(event);
  }

  #isSelected(info: MailboxInfo): boolean {
    return info.id !== undefined &&
      this.#session.trySelected?.view.mailbox === info.id;
  }

  /** RFC 5465 section 5.8: as if NOTIFY NONE had come. */
  #overflow(text: string): void {
    this.stop();
    this.#request = NOTIFY_NONE;
    this.#session.out.line(`* OK [NOTIFICATIONOVERFLOW] ${text}`);
  }
}

/** What of a STATUS is news. RFC 5465 section 5.1 to 5.3. */
function changedItems(
  old: MailboxStatus,
  now: MailboxStatus,
  { events, condstore }: {
    readonly events: ReadonlySet<NotifyEvent>;
    readonly condstore: boolean;
  },
): StatusItem[] {
  const items: StatusItem[] = [];
  if (!events.has("MessageNew")) return items;
  const isOther = old.uidValidity !== now.uidValidity;
  const isMoved = old.uidNext !== now.uidNext || old.messages !== now.messages;
  if (isMoved || isOther) items.push("UIDNEXT", "MESSAGES");
  const hasFlags = events.has("FlagChange");
  if (hasFlags && old.unseen !== now.unseen) items.push("UNSEEN");
  const isTouched = old.highestModSeq !== now.highestModSeq;
  if (condstore && isTouched && (isMoved || hasFlags)) {
    items.push("HIGHESTMODSEQ");
  }
  if (items.length > 0) items.push("UIDVALIDITY");
  return items;
}
