/** The mailboxes of an account as LIST sees them. RFC 9051 section 6.3.9. */
import type { MailboxInfo } from "./backend.ts";
import { DELIMITER } from "./wire/mailbox_name.ts";

/** A name with what LIST has to know of its children. */
export interface ListedName {
  readonly name: string;
  /** `undefined`: only children or a subscription have the name. */
  readonly info: MailboxInfo | undefined;
  /** It can be selected. */
  readonly exists: boolean;
  readonly hasChildren: boolean;
  readonly subscribed: boolean;
  /** A name below it is subscribed. */
  readonly hasSubscribedChild: boolean;
}

/** Sorted names, parents that are implied by their children included. */
export function treeOf(mailboxes: readonly MailboxInfo[]): ListedName[] {
  const byName = new Map<string, MailboxInfo | undefined>();
  for (const info of mailboxes) byName.set(info.name, info);
  const parents = new Set<string>();
  const subscribedBelow = new Set<string>();
  for (const info of mailboxes) {
    for (const parent of ancestorsOf(info.name)) {
      if (info.id !== undefined) parents.add(parent);
      if (info.subscribed) subscribedBelow.add(parent);
      if (!byName.has(parent)) byName.set(parent, undefined);
    }
  }
  return [...byName].map(([name, info]) => ({
    name,
    info,
    exists: info?.id !== undefined,
    hasChildren: parents.has(name),
    subscribed: info?.subscribed ?? false,
    hasSubscribedChild: subscribedBelow.has(name),
  })).sort(compare);
}

/** INBOX first, then by name. */
function compare(a: ListedName, b: ListedName): number {
  if (a.name === b.name) return 0;
  if (a.name === "INBOX") return -1;
  if (b.name === "INBOX") return 1;
  return a.name < b.name ? -1 : 1;
}

/** `a/b` and `a` of `a/b/c`: the nearest first. */
export function ancestorsOf(name: string): string[] {
  const parents: string[] = [];
  let end = name.lastIndexOf(DELIMITER);
  while (end > 0) {
    parents.push(name.slice(0, end));
    end = name.lastIndexOf(DELIMITER, end - 1);
  }
  return parents;
}
