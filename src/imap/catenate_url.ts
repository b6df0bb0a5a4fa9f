/**
 * URLs of messages and their parts in CATENATE: RFC 4469 section 3, RFC 5092
 * section 5 to 7, RFC 5550 section 3 (URL-PARTIAL). Only messages of one's own
 * account can be named; there is no URLAUTH here.
 */
import { StorageError } from "#src/errors/errors.ts";
import type { FetchedMessage, MailboxInfo } from "./backend.ts";
import { ImapError } from "./errors.ts";
import { cut, locate, type Located } from "./fetch_section.ts";
import type { Partial, SectionItem } from "./fetch_item.ts";
import { FieldPicker } from "./field_picker.ts";
import { MAX_INNER_HEADER_BYTES, MAX_URL_BYTES } from "./limits.ts";
import type { Session } from "./session.ts";
import type { PartRange } from "./summary.ts";
import { asciiBytes, lowerAscii } from "./wire/ascii.ts";
import { Cursor } from "./wire/cursor.ts";
import { parseSection, type Section } from "./wire/fetch_grammar.ts";
import { mailboxName } from "./wire/mailbox_name.ts";

/** What a URL names. */
interface MessageUrl {
  /** `undefined`: the selected one. */
  readonly mailbox: string | undefined;
  readonly uidValidity: number | undefined;
  readonly uid: number;
  readonly section: Section;
  readonly partial: Partial | undefined;
}

/** Bytes that a URL names. */
export interface UrlContent {
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
}

/** What lies there now; `NO [BADURL ...]`. */
export async function openUrl(
  session: Session,
  text: string,
): Promise<UrlContent> {
  const url = parseUrl(session, text);
  const content = url && await find(session, url);
  if (content === undefined) throw badUrl(text);
  return {
    size: content.size,
    async *open(): AsyncGenerator<Uint8Array, void> {
      try {
        yield* await content.open();
      } catch (error) {
        // It was expunged since it was looked at.
        if (isAbsent(error)) throw badUrl(text);
        throw error;
      }
    },
  };
}

/** RFC 4469 section 4.2: the URL stands in the answer. */
function badUrl(text: string): ImapError {
  const shown = text.slice(0, MAX_URL_BYTES).replace(
    /[^!-[^-~]/g,
    (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return new ImapError("NO", "There is nothing at the URL", `BADURL ${shown}`);
}

const SERVER_REGEXP = /^imap:\/\/(?:([^@/]*)@)?([^@/]*)(?=\/)/i;
const PATH_REGEXP =
  /^(?:\/?([^;]*?)(?:;UIDVALIDITY=(\d{1,10}))?\/)?;UID=(\d{1,10})(?:\/;SECTION=([^;]*?))?(?:\/;PARTIAL=(\d{1,15})(?:\.(\d{1,15}))?)?\/?$/i;

/** `undefined` for what is no URL of a message here. */
function parseUrl(session: Session, text: string): MessageUrl | undefined {
  if (text.length > MAX_URL_BYTES) return undefined;
  const server = SERVER_REGEXP.exec(text);
  if (server !== null && !isHere(session, server)) return undefined;
  const path = server === null ? text : text.slice(server[0].length);
  const match = PATH_REGEXP.exec(path);
  if (match === null) return undefined;
  const [, name, validity, uid, sectionText, offset, count] = match;
  const section = sectionOf(sectionText ?? "");
  const mailbox = name === undefined || name === "" ? undefined : nameOf(name);
  if (section === undefined || mailbox === BROKEN || count === "0") {
    return undefined;
  }
  return {
    mailbox,
    uidValidity: validity === undefined ? undefined : Number(validity),
    uid: Number(uid),
    section,
    partial: offset === undefined ? undefined : {
      offset: Number(offset),
      count: count === undefined ? Number.MAX_SAFE_INTEGER : Number(count),
    },
  };
}

/** Whether `user@host` is this account on this server. */
function isHere(session: Session, server: RegExpExecArray): boolean {
  const [, user, host = ""] = server;
  const { hostname } = session.services.settings;
  const [name = ""] = lowerAscii(host).split(":");
  if (name !== lowerAscii(hostname)) return false;
  if (user === undefined) return true;
  const decoded = unescape(user.replace(/;AUTH=.*$/i, ""));
  if (decoded === undefined) return false;
  const plain = new TextDecoder().decode(asciiBytes(decoded));
  return plain === "" || plain.toLowerCase() ===
      session.account.name.toLowerCase();
}

const BROKEN = Symbol("broken");
const IN_UTF8 = true;

/** RFC 5092 section 3: names are UTF-8 behind the percent signs. */
function nameOf(encoded: string): string | typeof BROKEN {
  const decoded = unescape(encoded);
  if (decoded === undefined) return BROKEN;
  try {
    return mailboxName(asciiBytes(decoded), IN_UTF8);
  } catch (error) {
    if (error instanceof ImapError) return BROKEN;
    throw error;
  }
}

function sectionOf(encoded: string): Section | undefined {
  const decoded = unescape(encoded);
  if (decoded === undefined) return undefined;
  const cursor = new Cursor(asciiBytes(`[${decoded}]`));
  try {
    const section = parseSection(cursor);
    return cursor.atEnd ? section : undefined;
  } catch {
    return undefined;
  }
}

/** Undoes percent signs; the bytes as Latin-1. */
function unescape(text: string): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(text)) return undefined;
  return text.replace(
    /%([0-9a-f]{2})/gi,
    (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

interface Found {
  readonly size: number;
  open(): Promise<AsyncIterable<Uint8Array>>;
}

async function find(
  session: Session,
  url: MessageUrl,
): Promise<Found | undefined> {
  const { backend } = session.services;
  const mailbox = await mailboxOf(session, url);
  if (mailbox === undefined) return undefined;
  const isFields = url.section.what === "fields" ||
    url.section.what === "fieldsNot";
  const message = await fetchOne(session, mailbox, url.uid);
  if (message === undefined) return undefined;
  const root = JSON.parse(message.structure ?? "{}") as PartRange;
  const located = locate(url.section, message, root);
  if (located === undefined) return undefined;
  if (isFields) {
    return await findFields(session, { mailbox, url, located });
  }
  const range = cut(located, url.partial);
  return {
    size: range.end - range.start,
    open: () => backend.open(mailbox, url.uid, range),
  };
}

async function mailboxOf(
  session: Session,
  url: MessageUrl,
): Promise<number | undefined> {
  const selected = session.trySelected;
  if (url.mailbox === undefined) {
    const validity = selected?.view.status.uidValidity;
    if (url.uidValidity !== undefined && url.uidValidity !== validity) {
      return undefined;
    }
    return selected?.view.mailbox;
  }
  let info: MailboxInfo;
  try {
    const { backend } = session.services;
    info = await backend.findMailbox(session.account.id, url.mailbox);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  const mayRead = info.rights === undefined || info.rights.includes("r");
  const isOther = url.uidValidity !== undefined &&
    url.uidValidity !== info.status?.uidValidity;
  return mayRead && !isOther ? info.id : undefined;
}

async function fetchOne(
  session: Session,
  mailbox: number,
  uid: number,
): Promise<FetchedMessage | undefined> {
  const { backend } = session.services;
  const uids = Uint32Array.of(uid);
  try {
    for await (
      const [message] of backend.fetch(mailbox, uids, { structure: true })
    ) return message;
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  return undefined;
}

async function findFields(
  session: Session,
  { mailbox, url, located }: {
    readonly mailbox: number;
    readonly url: MessageUrl;
    readonly located: Located;
  },
): Promise<Found | undefined> {
  const { backend } = session.services;
  const end = Math.min(located.end, located.start + MAX_INNER_HEADER_BYTES);
  const stream = await backend.open(mailbox, url.uid, { ...located, end });
  const header = new Uint8Array(await new Response(stream).arrayBuffer());
  const { fields, what }: Pick<SectionItem, "fields" | "what"> = url.section;
  const picker = new FieldPicker(fields, what === "fields");
  const { offset, count } = url.partial ?? { offset: 0, count: Infinity };
  const picked = picker.bytes(picker.pick(header))
    .subarray(offset, offset + count);
  return {
    size: picked.length,
    open: () => Promise.resolve(ReadableStream.from([picked])),
  };
}

function isAbsent(error: unknown): boolean {
  return error instanceof StorageError && error.kind === "notFound";
}
