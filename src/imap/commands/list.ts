/**
 * LIST. RFC 9051 section 6.3.9, RFC 5258 (LIST-EXTENDED), RFC 5819
 * (LIST-STATUS), RFC 6154 (SPECIAL-USE).
 */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { MAX_LIST_PATTERNS } from "#src/imap/limits.ts";
import { matchesPattern } from "#src/imap/list_pattern.ts";
import { type ListedName, treeOf } from "#src/imap/mailbox_tree.ts";
import type { Session } from "#src/imap/session.ts";
import {
  parseStatusItems,
  type StatusItem,
  writeStatus,
} from "#src/imap/status_items.ts";
import type { Cursor } from "#src/imap/wire/cursor.ts";
import {
  DELIMITER,
  parseMailbox,
  parseMailboxPattern,
} from "#src/imap/wire/mailbox_name.ts";

const SELECTIONS = [
  "SUBSCRIBED",
  "REMOTE",
  "RECURSIVEMATCH",
  "SPECIAL-USE",
] as const;
type Selection = typeof SELECTIONS[number];

/** A LIST command. */
interface ListArguments {
  readonly selections: ReadonlySet<Selection>;
  readonly reference: string;
  readonly patterns: readonly string[];
  readonly returns: ReadonlySet<string>;
  readonly statusItems: readonly StatusItem[];
  /** Written in the extended form. */
  readonly isExtended: boolean;
}

export const list = defineCommand<ListArguments>({
  name: "LIST",
  states: LOGGED_IN,
  parse(cursor, { utf8 }) {
    cursor.sp();
    const hasSelections = cursor.atList;
    const selections = hasSelections ? parseSelections(cursor) : [];
    const reference = parseMailbox(cursor, utf8);
    cursor.sp();
    const hasPatterns = cursor.atList;
    const patterns = hasPatterns
      ? parsePatterns(cursor, utf8)
      : [parseMailboxPattern(cursor, utf8)];
    const returns = new Set<string>();
    const hasReturns = cursor.trySp();
    const statusItems = hasReturns ? parseReturns(cursor, returns) : [];
    cursor.end();
    return {
      selections: new Set(selections),
      reference,
      patterns,
      returns,
      statusItems,
      isExtended: hasSelections || hasPatterns || hasReturns,
    };
  },
  async run(session, args) {
    const [only] = args.patterns;
    if (only === "" && !args.isExtended) {
      session.out.line(`* LIST (\\Noselect) "${DELIMITER}" ""`);
      return { text: "That is all" };
    }
    const { backend } = session.services;
    const tree = treeOf(await backend.listMailboxes(session.account.id));
    for (const listed of tree) {
      if (matchesAny(listed.name, args)) await answer(session, listed, args);
    }
    return { text: "That is all" };
  },
});

function parseSelections(cursor: Cursor): Selection[] {
  const selections: Selection[] = [];
  cursor.listOrEmpty(() => {
    const word = cursor.word("selection option");
    const known = SELECTIONS.find((name) => name === word);
    selections.push(known ?? cursor.fail("selection option"));
  });
  cursor.sp();
  const onlyModifiers = selections.includes("RECURSIVEMATCH") &&
    !selections.some((s) => s === "SUBSCRIBED" || s === "SPECIAL-USE");
  if (onlyModifiers) {
    throw new ImapError("BAD", "RECURSIVEMATCH needs another option");
  }
  return selections;
}

function parsePatterns(cursor: Cursor, utf8: boolean): string[] {
  const patterns: string[] = [];
  cursor.list(() => {
    if (patterns.length >= MAX_LIST_PATTERNS) cursor.fail("fewer patterns");
    patterns.push(parseMailboxPattern(cursor, utf8));
  });
  return patterns;
}

function parseReturns(cursor: Cursor, returns: Set<string>): StatusItem[] {
  let items: StatusItem[] = [];
  if (!cursor.tryWord("RETURN")) cursor.fail("RETURN");
  cursor.sp();
  cursor.listOrEmpty(() => {
    const word = cursor.word("return option");
    switch (word) {
      case "SUBSCRIBED":
      case "CHILDREN":
      case "SPECIAL-USE":
        break;
      case "STATUS":
        cursor.sp();
        items = parseStatusItems(cursor);
        break;
      default:
        cursor.fail("return option");
    }
    returns.add(word);
  });
  return items;
}

function matchesAny(name: string, args: ListArguments): boolean {
  return args.patterns.some((pattern) =>
    matchesPattern(name, args.reference + pattern)
  );
}

/** Writes the LIST line of a name that fits the patterns, if it is selected. */
async function answer(
  session: Session,
  listed: ListedName,
  args: ListArguments,
): Promise<void> {
  const { selections, returns } = args;
  const recursive = selections.has("RECURSIVEMATCH") &&
    selections.has("SUBSCRIBED");
  const childInfo = recursive && listed.hasSubscribedChild;
  if (!isSelected(listed, selections) && !childInfo) return;
  const attributes: string[] = [];
  if (!listed.exists) {
    attributes.push(listed.hasChildren ? "\\Noselect" : "\\NonExistent");
  }
  attributes.push(listed.hasChildren ? "\\HasChildren" : "\\HasNoChildren");
  const saysSubscribed = selections.has("SUBSCRIBED") ||
    returns.has("SUBSCRIBED");
  if (saysSubscribed && listed.subscribed) attributes.push("\\Subscribed");
  const use = listed.info?.specialUse;
  if (use !== undefined) attributes.push(use);
  const { out } = session;
  out.text(`* LIST (${attributes.join(" ")}) "${DELIMITER}" `)
    .mailbox(listed.name);
  if (childInfo) out.text(' ("CHILDINFO" ("SUBSCRIBED"))');
  out.crlf();
  const { info, name } = listed;
  const status = info?.status;
  if (returns.has("STATUS") && status !== undefined && listed.exists) {
    const { objectId } = info ?? { objectId: "" };
    await writeStatus(session, { name, status, objectId }, args.statusItems);
  }
  await out.relieve();
}

function isSelected(
  listed: ListedName,
  selections: ReadonlySet<Selection>,
): boolean {
  if (selections.has("SUBSCRIBED") && !listed.subscribed) return false;
  if (
    selections.has("SPECIAL-USE") && listed.info?.specialUse === undefined
  ) return false;
  // A name that is only subscribed shows where subscriptions are asked for.
  return listed.exists || listed.hasChildren || selections.has("SUBSCRIBED");
}
