/**
 * What STATUS can say; LIST-STATUS says it too. RFC 9051 section 7.3.4, RFC 8474
 * (MAILBOXID).
 */
import type { MailboxInfo, MailboxStatus } from "./backend.ts";
import { ImapError } from "./errors.ts";
import type { Session } from "./session.ts";
import type { Cursor } from "./wire/cursor.ts";

const ITEMS = [
  "MESSAGES",
  "RECENT",
  "UIDNEXT",
  "UIDVALIDITY",
  "UNSEEN",
  "DELETED",
  "DELETED-STORAGE",
  "SIZE",
  "HIGHESTMODSEQ",
  "APPENDLIMIT",
  "MAILBOXID",
] as const;

/** One item. */
export type StatusItem = typeof ITEMS[number];

/** `(MESSAGES UIDNEXT)`. */
export function parseStatusItems(cursor: Cursor): StatusItem[] {
  const items: StatusItem[] = [];
  cursor.list(() => {
    const word = cursor.word("status item");
    const known = ITEMS.find((item) => item === word);
    if (known === undefined) cursor.fail("status item");
    else if (!items.includes(known)) items.push(known);
  });
  return items;
}

/** Writes one STATUS line. */
export async function writeStatus(
  session: Session,
  { name, status, objectId }: Pick<MailboxInfo, "name" | "objectId"> & {
    readonly status: MailboxStatus;
  },
  items: readonly StatusItem[],
): Promise<void> {
  const { backend } = session.services;
  if (
    items.includes("DELETED-STORAGE") && backend.powers?.quota === undefined
  ) throw new ImapError("BAD", "Unknown status item");
  const limit = items.includes("APPENDLIMIT")
    ? await backend.appendLimit(session.account.id)
    : 0;
  const words = items.map((item) =>
    item === "MAILBOXID"
      ? `MAILBOXID (${objectId})`
      : `${item} ${valueOf(status, item, limit)}`
  );
  session.out.text("* STATUS ").mailbox(name).line(` (${words.join(" ")})`);
  await session.out.relieve();
}

function valueOf(
  status: MailboxStatus,
  item: Exclude<StatusItem, "MAILBOXID">,
  appendLimit: number,
): number {
  switch (item) {
    case "MESSAGES":
      return status.messages;
    case "RECENT":
      // From the counters alone: what was expunged unseen may be counted.
      return Math.min(
        status.messages,
        Math.max(0, status.uidNext - status.firstRecentUid),
      );
    case "UIDNEXT":
      return status.uidNext;
    case "UIDVALIDITY":
      return status.uidValidity;
    case "UNSEEN":
      return status.unseen;
    case "DELETED":
      return status.deleted;
    case "DELETED-STORAGE":
      // Bytes, as SIZE: RFC 9208 section 4.1.4 names no other unit.
      return status.deletedBytes;
    case "SIZE":
      return status.sizeBytes;
    case "HIGHESTMODSEQ":
      return status.highestModSeq;
    case "APPENDLIMIT":
      return appendLimit;
  }
}
