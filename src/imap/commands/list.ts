/**
 * LIST. RFC 9051 section 6.3.9, RFC 5258 (LIST-EXTENDED), RFC 5819
 * (LIST-STATUS), RFC 6154 (SPECIAL-USE), RFC 8440 (LIST-MYRIGHTS), RFC 9590
 * (LIST-METADATA). There are no remote mailboxes: REMOTE changes nothing.
 */
import { StorageError } from "#src/errors/errors.ts";
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { MAX_LIST_PATTERNS } from "#src/imap/limits.ts";
import { matchesPattern } from "#src/imap/list_pattern.ts";
import {
  type Criterion,
  type SelectedName,
  selectNames,
} from "#src/imap/list_selection.ts";
import { type ListedName, treeOf } from "#src/imap/mailbox_tree.ts";
import {
  type EntryName,
  type MetadataOptions,
  parseEntryNames,
  parseMetadataOptions,
  writeMetadata,
} from "#src/imap/metadata_entries.ts";
import type { StoragePowers } from "#src/imap/powers.ts";
import { hasRights, mayAnnotate } from "#src/imap/rights.ts";
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
import { writeRights } from "./myrights.ts";

const SELECTIONS = [
  "SUBSCRIBED",
  "REMOTE",
  "RECURSIVEMATCH",
  "SPECIAL-USE",
] as const;
type Selection = typeof SELECTIONS[number];

const CRITERIA: readonly Criterion[] = ["SUBSCRIBED", "SPECIAL-USE"];

/** What is told of each mailbox. */
interface Returns {
  /** Option words. */
  readonly words: ReadonlySet<string>;
  readonly statusItems: readonly StatusItem[];
  readonly metadata: {
    readonly names: readonly EntryName[];
    readonly options: MetadataOptions;
  } | undefined;
}

/** A LIST command. */
interface ListArguments {
  readonly selections: ReadonlySet<Selection>;
  readonly reference: string;
  readonly patterns: readonly string[];
  readonly returns: Returns;
  /** Written in the extended form. */
  readonly isExtended: boolean;
}

const NO_RETURNS: Returns = {
  words: new Set(),
  statusItems: [],
  metadata: undefined,
};

/** Return options that need a power of the store. */
const NEEDED: ReadonlyMap<string, keyof StoragePowers> = new Map([
  ["MYRIGHTS", "acl"],
  ["METADATA", "metadata"],
]);

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
    const hasReturns = cursor.trySp();
    const returns = hasReturns ? parseReturns(cursor) : NO_RETURNS;
    cursor.end();
    return {
      selections: new Set(selections),
      reference,
      patterns,
      returns,
      isExtended: hasSelections || hasPatterns || hasReturns,
    };
  },
  async run(session, args) {
    const [only] = args.patterns;
    if (only === "" && !args.isExtended) {
      session.out.line(`* LIST (\\Noselect) "${DELIMITER}" ""`);
      return { text: "That is all" };
    }
    checkReturns(session, args.returns);
    const { backend } = session.services;
    const tree = treeOf(await backend.listMailboxes(session.account.id));
    const names = selectNames(tree, {
      criteria: CRITERIA.filter((word) => args.selections.has(word)),
      isRecursive: args.selections.has("RECURSIVEMATCH"),
      matches: (name) => matchesAny(name, args),
    });
    let longest = 0;
    for (const name of names) {
      longest = Math.max(longest, await answer(session, name, args));
    }
    return longest === 0
      ? { text: "That is all" }
      : { text: "Some are longer", code: `METADATA LONGENTRIES ${longest}` };
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

function parseReturns(cursor: Cursor): Returns {
  const words = new Set<string>();
  let statusItems: StatusItem[] = [];
  let metadata: Returns["metadata"];
  if (!cursor.tryWord("RETURN")) cursor.fail("RETURN");
  cursor.sp();
  cursor.listOrEmpty(() => {
    const word = cursor.word("return option");
    switch (word) {
      case "SUBSCRIBED":
      case "CHILDREN":
      case "SPECIAL-USE":
      case "MYRIGHTS":
        break;
      case "STATUS":
        cursor.sp();
        statusItems = parseStatusItems(cursor);
        break;
      case "METADATA":
        cursor.sp();
        metadata = parseMetadata(cursor);
        break;
      default:
        cursor.fail("return option");
    }
    words.add(word);
  });
  return { words, statusItems, metadata };
}

/** `(/private/comment)`, with options before it as in GETMETADATA. */
function parseMetadata(cursor: Cursor): NonNullable<Returns["metadata"]> {
  let options: MetadataOptions = { maxBytes: Infinity, depth: 0 };
  const first = String.fromCharCode(cursor.peek(1) ?? 0);
  if (cursor.atList && /[a-z]/i.test(first)) {
    options = parseMetadataOptions(cursor);
    cursor.sp();
  }
  return { names: parseEntryNames(cursor), options };
}

/** RFC 5258 section 3: an option that is not known here is BAD. */
function checkReturns({ services }: Session, { words }: Returns): void {
  for (const [word, power] of NEEDED) {
    if (!words.has(word) || services.backend.powers?.[power]) continue;
    throw new ImapError("BAD", "Unknown return option");
  }
}

/** RFC 9051 section 6.3.9: in the extended form `""` is passed over. */
function matchesAny(name: string, args: ListArguments): boolean {
  return args.patterns.some((pattern) =>
    pattern !== "" && matchesPattern(name, args.reference + pattern)
  );
}

/** Writes what is told of a name; the longest annotation that is left out. */
async function answer(
  session: Session,
  { listed, isChosen, hasChosenBelow }: SelectedName,
  args: ListArguments,
): Promise<number> {
  const { selections, returns } = args;
  const { out } = session;
  const attributes = attributesOf(listed, args, session.rev2);
  out.text(`* LIST (${attributes.join(" ")}) "${DELIMITER}" `)
    .mailbox(listed.name);
  if (hasChosenBelow) {
    const words = CRITERIA.filter((word) => selections.has(word))
      .map((word) => `"${word}"`);
    out.text(` ("CHILDINFO" (${words.join(" ")}))`);
  }
  out.crlf();
  await out.relieve();
  const { info } = listed;
  // RFC 5819 section 3, RFC 8440 section 4: not of what CHILDINFO is about.
  if (info?.id === undefined || !isChosen) return 0;
  const { status } = info;
  if (returns.words.has("STATUS") && status !== undefined) {
    await writeStatus(session, { ...info, status }, returns.statusItems);
  }
  if (returns.words.has("MYRIGHTS")) writeRights(session, info);
  const { metadata } = returns;
  if (metadata === undefined || !mayAnnotate(info.rights)) return 0;
  try {
    return await writeMetadata(session, { mailbox: info.name, ...metadata });
  } catch (error) {
    // It was deleted, or is shared no more, since the list was read.
    if (error instanceof StorageError) return 0;
    throw error;
  }
}

function attributesOf(
  listed: ListedName,
  { selections, returns, isExtended }: ListArguments,
  rev2: boolean,
): string[] {
  const attributes: string[] = [];
  const { info, hasChildren } = listed;
  if (!listed.exists) {
    // RFC 5258 section 3.5: clients that know the word are told it.
    if (!hasChildren || isExtended || rev2) attributes.push("\\NonExistent");
    if (hasChildren) attributes.push("\\Noselect");
  } else if (!hasRights(info?.rights, "r")) attributes.push("\\Noselect");
  attributes.push(hasChildren ? "\\HasChildren" : "\\HasNoChildren");
  const saysSubscribed = selections.has("SUBSCRIBED") ||
    returns.words.has("SUBSCRIBED");
  if (saysSubscribed && listed.subscribed) attributes.push("\\Subscribed");
  if (info?.specialUse !== undefined) attributes.push(info.specialUse);
  return attributes;
}
