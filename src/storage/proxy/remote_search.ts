/**
 * SEARCH in a mailbox of another server: what the mirror knows is answered
 * here, texts are searched for there, and the results are put together here,
 * so that the other server needs no more than RFC 3501.
 */
import type { ImapFlow, SearchObject } from "imapflow";
import { UnavailableError } from "#src/errors/errors.ts";
import type { Uid } from "#src/imap/backend.ts";
import { bitOf, hasBit } from "#src/imap/flags.ts";
import type { SearchDate, SearchKey } from "#src/imap/search_key.ts";
import type { MirroredMessage } from "./mirror.ts";
import { messageObjectId } from "./object_ids.ts";

/** What a search works on. */
export interface SearchedMailbox {
  readonly client: ImapFlow;
  readonly messages: readonly MirroredMessage[];
  readonly keywords: readonly string[];
  readonly uidValidity: number;
  readonly now: number;
}

/** UIDs that match. */
export async function searchRemote(
  mailbox: SearchedMailbox,
  key: SearchKey,
): Promise<ReadonlySet<Uid>> {
  switch (key.kind) {
    case "and": {
      let found = new Set(mailbox.messages.map(({ uid }) => uid));
      for (const one of key.keys) {
        found = found.intersection(await searchRemote(mailbox, one));
      }
      return found;
    }
    case "or": {
      const left = await searchRemote(mailbox, key.left);
      return new Set([...left, ...await searchRemote(mailbox, key.right)]);
    }
    case "not": {
      const found = await searchRemote(mailbox, key.key);
      return pick(mailbox, ({ uid }) => !found.has(uid));
    }
    case "fuzzy":
      // RFC 6203 section 5: to the letter is near enough.
      return await searchRemote(mailbox, key.key);
    default:
      return await searchLeaf(mailbox, key);
  }
}

async function searchLeaf(
  mailbox: SearchedMailbox,
  key: SearchKey,
): Promise<ReadonlySet<Uid>> {
  const test = testOf(mailbox, key);
  if (test !== undefined) return pick(mailbox, test);
  const query = queryOf(key);
  if (query === undefined) {
    throw new UnavailableError(`"${key.kind}" cannot be searched for there`);
  }
  const found = await mailbox.client.search(query, { uid: true });
  if (found === false || found === undefined) {
    throw new UnavailableError("The other server does not search that");
  }
  return new Set(found);
}

function pick(
  { messages }: SearchedMailbox,
  test: (message: MirroredMessage) => boolean,
): Set<Uid> {
  return new Set(messages.filter(test).map(({ uid }) => uid));
}

/** What the mirror can tell of a message. */
function testOf(
  { keywords, uidValidity, now }: SearchedMailbox,
  key: SearchKey,
): ((message: MirroredMessage) => boolean) | undefined {
  switch (key.kind) {
    case "all":
      return () => true;
    case "uid":
      return ({ uid }) => key.ranges.some(([a, b]) => uid >= a && uid <= b);
    case "flag": {
      const bit = bitOf(key.flag, keywords);
      return ({ flags }) => bit !== undefined && hasBit(flags, bit);
    }
    case "modseq":
      return ({ modSeq }) => modSeq >= key.value;
    case "size":
      return key.op === "larger"
        ? ({ sizeBytes }) => sizeBytes > key.bytes
        : ({ sizeBytes }) => sizeBytes < key.bytes;
    case "within": {
      const since = now - key.seconds * 1_000;
      return key.op === "younger"
        ? ({ internalDate }) => internalDate >= since
        : ({ internalDate }) => internalDate < since;
    }
    case "emailId":
      return ({ uid }) => key.id === messageObjectId(uidValidity, uid);
    case "threadId":
      return () => false;
    // Since when a message lies there is not known: SAVEDATE says the same.
    case "savedDate":
    case "internalDate": {
      const day = dayOf(key.date);
      const of = (ms: number): number => Math.floor(ms / DAY_MS);
      if (key.op === "before") return (one) => of(one.internalDate) < day;
      if (key.op === "since") return (one) => of(one.internalDate) >= day;
      return (one) => of(one.internalDate) === day;
    }
    default:
      return undefined;
  }
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Days since 1970. */
function dayOf({ year, month, day }: SearchDate): number {
  return Date.UTC(year, month - 1, day) / DAY_MS;
}

/** What the other server is asked. */
function queryOf(key: SearchKey): SearchObject | undefined {
  switch (key.kind) {
    case "address":
      return { [key.field]: key.text };
    case "subject":
      return { subject: key.text };
    case "header":
      return { header: { [key.name]: key.text === "" ? true : key.text } };
    case "body":
      return { body: key.text };
    case "text":
      return { text: key.text };
    case "sentDate": {
      const date = new Date(dayOf(key.date) * DAY_MS);
      if (key.op === "before") return { sentBefore: date };
      return key.op === "on" ? { sentOn: date } : { sentSince: date };
    }
    default:
      return undefined;
  }
}
