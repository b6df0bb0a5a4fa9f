/** NOTIFY. RFC 5465 section 8. */
import { ImapError } from "#src/imap/errors.ts";
import type { FetchItem } from "#src/imap/fetch_item.ts";
import { MAX_NOTIFY_GROUPS, MAX_NOTIFY_NAMES } from "#src/imap/limits.ts";
import {
  type MailboxEvents,
  type MailboxFilter,
  NOTIFY_EVENTS,
  NOTIFY_NONE,
  type NotifyEvent,
  type NotifyRequest,
  type SelectedEvents,
} from "#src/imap/notify_request.ts";
import { upperAscii } from "./ascii.ts";
import type { Cursor } from "./cursor.ts";
import { parseFetchItems } from "./fetch_grammar.ts";
import { parseMailbox } from "./mailbox_name.ts";

/** The others are not of messages. RFC 5465 section 8. */
const MESSAGE_EVENTS: ReadonlySet<NotifyEvent> = new Set([
  "MessageNew",
  "MessageExpunge",
  "FlagChange",
]);

const SP = 0x20;
const OPEN = 0x28;
const CLOSE = 0x29;

/** A NOTIFY command. */
export interface NotifyArguments {
  readonly request: NotifyRequest;
  /** STATUS of every mailbox comes first. */
  readonly status: boolean;
  /** An event is asked for that there is not. RFC 5465 section 3.1: not BAD. */
  readonly hasUnknown: boolean;
}

/** Events of one group as written. */
interface Events {
  readonly names: ReadonlySet<NotifyEvent>;
  readonly items: readonly FetchItem[];
  readonly hasUnknown: boolean;
}

/** Reads everything after `NOTIFY `. */
export function parseNotify(cursor: Cursor, utf8: boolean): NotifyArguments {
  const word = cursor.word("SET or NONE");
  if (word === "NONE") {
    return { request: NOTIFY_NONE, status: false, hasUnknown: false };
  }
  if (word !== "SET") cursor.fail("SET or NONE");
  cursor.sp();
  const status = cursor.tryWord("STATUS");
  if (status) cursor.sp();
  const groups: MailboxEvents[] = [];
  let selected: SelectedEvents | undefined;
  let hasUnknown = false;
  let count = 0;
  const parseNext = (): Events => {
    const events = parseEvents(cursor);
    hasUnknown ||= events.hasUnknown;
    return events;
  };
  do {
    if (++count > MAX_NOTIFY_GROUPS) cursor.fail("fewer groups");
    cursor.byte(OPEN);
    const kind = cursor.word("mailboxes");
    if (kind === "SELECTED" || kind === "SELECTED-DELAYED") {
      if (selected !== undefined) bad("Only one group is of the selected");
      selected = selectedEvents(parseNext(), kind !== "SELECTED");
    } else {
      const filter = parseFilter(cursor, kind, utf8);
      groups.push(mailboxEvents(filter, parseNext()));
    }
    cursor.byte(CLOSE);
  } while (cursor.trySp());
  return { request: { selected, groups }, status, hasUnknown };
}

function parseFilter(
  cursor: Cursor,
  kind: string,
  utf8: boolean,
): MailboxFilter {
  switch (kind) {
    case "PERSONAL":
    // Plus addresses may deliver anywhere. RFC 5465 section 6.3.
    case "INBOXES":
      return { kind: "personal" };
    case "SUBSCRIBED":
      return { kind: "subscribed" };
    case "SUBTREE":
      return { kind: "subtree", names: parseNames(cursor, utf8) };
    case "MAILBOXES":
      return { kind: "mailboxes", names: parseNames(cursor, utf8) };
    default:
      return cursor.fail("mailboxes");
  }
}

/** One name or a list of them. */
function parseNames(cursor: Cursor, utf8: boolean): ReadonlySet<string> {
  cursor.sp();
  if (!cursor.atList) return new Set([parseMailbox(cursor, utf8)]);
  const names = new Set<string>();
  cursor.list(() => {
    if (names.size >= MAX_NOTIFY_NAMES) cursor.fail("fewer names");
    names.add(parseMailbox(cursor, utf8));
  });
  return names;
}

/** `(MessageNew (UID FLAGS) MessageExpunge)` or NONE. */
function parseEvents(cursor: Cursor): Events {
  cursor.sp();
  const names = new Set<NotifyEvent>();
  let items: readonly FetchItem[] = [];
  let hasUnknown = false;
  if (cursor.tryWord("NONE")) return { names, items, hasUnknown };
  cursor.list(() => {
    const word = cursor.word("event");
    const event = NOTIFY_EVENTS.find((known) => upperAscii(known) === word);
    if (event === undefined) hasUnknown = true;
    else names.add(event);
    const hasItems = event === "MessageNew" && cursor.peek() === SP &&
      cursor.peek(1) === OPEN;
    if (!hasItems) return;
    cursor.sp();
    items = parseFetchItems(cursor);
  });
  return { names, items, hasUnknown };
}

/** RFC 5465 section 5 says which events go together. */
function checkTogether(names: ReadonlySet<NotifyEvent>): void {
  const isNew = names.has("MessageNew");
  if (isNew !== names.has("MessageExpunge")) {
    bad("MessageNew and MessageExpunge go together");
  }
  if (names.has("FlagChange") && !isNew) {
    bad("FlagChange needs MessageNew and MessageExpunge");
  }
}

function selectedEvents(
  { names, items }: Events,
  isDelayed: boolean,
): SelectedEvents {
  checkTogether(names);
  if (![...names].every((name) => MESSAGE_EVENTS.has(name))) {
    bad("The selected mailbox has events of messages only");
  }
  return {
    isDelayed,
    messages: names.has("MessageNew"),
    flags: names.has("FlagChange"),
    items,
  };
}

function mailboxEvents(
  filter: MailboxFilter,
  { names, items }: Events,
): MailboxEvents {
  checkTogether(names);
  if (items.length > 0) bad("Only the selected mailbox has items");
  return { filter, events: names };
}

function bad(text: string): never {
  throw new ImapError("BAD", text);
}
