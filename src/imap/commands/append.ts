/**
 * APPEND. RFC 9051 section 6.3.12, RFC 3502 (MULTIAPPEND), RFC 4315
 * (APPENDUID), RFC 7889 (APPENDLIMIT).
 *
 * The head is parsed before a literal is read, so that what can not be stored
 * is refused before it is sent. All messages become visible together.
 */
import type { NewMessage } from "#src/imap/backend.ts";
import { AppendLiterals } from "#src/imap/append_literals.ts";
import { defineCommand, type Done, LOGGED_IN } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { MAX_APPEND_MESSAGES } from "#src/imap/limits.ts";
import type { SpooledMessage } from "#src/imap/message_spool.ts";
import { formatSet } from "#src/imap/sequence_set.ts";
import type { Session } from "#src/imap/session.ts";
import { Cursor } from "#src/imap/wire/cursor.ts";
import { parseDateTime } from "#src/imap/wire/date_time.ts";
import { parseFlagList } from "#src/imap/wire/flag_grammar.ts";
import { parseMailbox } from "#src/imap/wire/mailbox_name.ts";
import { WireSyntaxError } from "#src/errors/errors.ts";
import { HeaderBlock } from "#src/message/header_block.ts";

const DQUOTE = 0x22;
const BRACE = 0x7b;
const PLUS = 0x2b;
const BRACE_END = 0x7d;

/** What stands before a literal. */
interface MessageHead {
  readonly flags: readonly string[];
  /** `undefined`: now. */
  readonly internalDate: number | undefined;
}

export const append = defineCommand({
  name: "APPEND",
  states: LOGGED_IN,
  streams: true,
  parse(cursor, { utf8 }) {
    cursor.sp();
    const name = parseMailbox(cursor, utf8);
    cursor.sp();
    return { name, head: parseHead(cursor) };
  },
  async run(session, { name, head }, { pending }) {
    if (pending === undefined) {
      throw new ImapError("BAD", "Expected a message");
    }
    const { backend } = session.services;
    const limit = await backend.appendLimit(session.account.id);
    const literals = new AppendLiterals(session, pending, limit);
    try {
      const target = await session.findTarget(name);
      const messages = await receive(session, literals, head);
      return await place(session, target.id, messages);
    } catch (error) {
      await giveUp(session, literals, error);
      throw error;
    } finally {
      await literals.dispose();
    }
  },
});

/** `(flags) "date" {12}` up to the end of the line. */
function parseHead(cursor: Cursor): MessageHead {
  let flags: readonly string[] = [];
  let internalDate: number | undefined;
  if (cursor.atList) {
    flags = parseFlagList(cursor);
    cursor.sp();
  }
  if (cursor.peek() === DQUOTE) {
    internalDate = parseDateTime(cursor);
    cursor.sp();
  }
  cursor.byte(BRACE);
  const size = cursor.number64();
  cursor.tryByte(PLUS);
  cursor.byte(BRACE_END);
  cursor.end();
  // RFC 3502: a message of no bytes cancels the whole command.
  if (size === 0) throw new ImapError("NO", "An empty message cancels");
  return { flags, internalDate };
}

/** Reads all messages of the command. */
async function receive(
  session: Session,
  literals: AppendLiterals,
  first: MessageHead,
): Promise<NewMessage[]> {
  const messages: NewMessage[] = [];
  let head: MessageHead | undefined = first;
  while (head !== undefined) {
    if (messages.length >= MAX_APPEND_MESSAGES) {
      throw new ImapError("NO", "Too many messages at once", "LIMIT");
    }
    messages.push(await makeMessage(session, await literals.take(), head));
    const line = await literals.nextLine();
    head = line.length === 0 ? undefined : parseNextHead(line);
  }
  return messages;
}

function parseNextHead(line: Uint8Array): MessageHead {
  const cursor = new Cursor(line);
  cursor.sp();
  return parseHead(cursor);
}

async function makeMessage(
  session: Session,
  message: SpooledMessage,
  head: MessageHead,
): Promise<NewMessage> {
  const { clock, summarize } = session.services;
  const { header, body } = message;
  return {
    flags: head.flags,
    internalDate: head.internalDate ?? clock.now(),
    header,
    body: body.bytes ?? body.open(),
    bodySize: body.size,
    summary: await summarize(new HeaderBlock(header), body),
  };
}

async function place(
  session: Session,
  mailbox: number,
  messages: readonly NewMessage[],
): Promise<Done> {
  const { backend } = session.services;
  const placed = await backend.append(mailbox, messages);
  const view = session.trySelected?.view;
  // RFC 9051 section 6.3.12: the client is told of the new message at once.
  if (view?.mailbox === mailbox) await view.refresh();
  return {
    text: "Appended",
    code: `APPENDUID ${placed.uidValidity} ${formatSet(placed.uids)}`,
  };
}

/** Makes the stream go on behind the command, or ends it. */
async function giveUp(
  session: Session,
  literals: AppendLiterals,
  error: unknown,
): Promise<void> {
  const isSyntax = error instanceof WireSyntaxError;
  if (!isSyntax) return await literals.discard();
  // What the head of a later message means is not known.
  if (literals.pending?.synchronising === false) session.isEnding = true;
}
