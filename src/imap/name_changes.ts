/**
 * What has happened to the names of mailboxes between two lists. RFC 5465
 * section 5.4 (MailboxName) and 5.5 (SubscriptionChange).
 */
import type { MailboxId, MailboxInfo } from "./backend.ts";
import { ancestorsOf, type ListedName, treeOf } from "./mailbox_tree.ts";
import type { NotifyEvent } from "./notify_request.ts";

/** One LIST to be told. */
export interface NameChange {
  readonly event: Extract<NotifyEvent, "MailboxName" | "SubscriptionChange">;
  /** The name as it is now. */
  readonly listed: ListedName;
  /** The name until now, where it was renamed. */
  readonly oldName: string | undefined;
  /** The mailbox before and now: who asked for either is told. */
  readonly about: readonly MailboxInfo[];
}

/** All changes, in no particular order. */
export function nameChanges(
  before: readonly MailboxInfo[],
  now: readonly MailboxInfo[],
): NameChange[] {
  const tree = new Map(treeOf(now).map((listed) => [listed.name, listed]));
  const renamed = renames(before, now);
  const changes: NameChange[] = [];
  const affected = new Map<string, MailboxInfo>();
  const newNames = new Map(renamed.map(([old, info]) => [old.name, info.name]));
  for (const [old, info] of renamed) {
    // Children go with their parent. RFC 5465 section 5.4.
    if (goesWithParent(old.name, info.name, newNames)) continue;
    changes.push({
      event: "MailboxName",
      listed: tree.get(info.name) ?? absent(info.name),
      oldName: old.name,
      about: [old, info],
    });
  }
  for (const info of [...onlyIn(now, before), ...onlyIn(before, now)]) {
    affected.set(info.name, info);
  }
  for (const info of [...affected.values()]) {
    const [parent] = ancestorsOf(info.name);
    // The parent has one child more or less.
    if (parent !== undefined && !affected.has(parent)) {
      affected.set(parent, tree.get(parent)?.info ?? { ...info, name: parent });
    }
  }
  for (const [name, info] of affected) {
    const listed = tree.get(name) ?? absent(name);
    changes.push({
      event: "MailboxName",
      listed,
      oldName: undefined,
      about: [info],
    });
  }
  changes.push(...subscriptionChanges(before, now, tree));
  return changes;
}

type Rename = readonly [old: MailboxInfo, now: MailboxInfo];

/** The same mailbox under another name. */
function renames(
  before: readonly MailboxInfo[],
  now: readonly MailboxInfo[],
): Rename[] {
  const byId = indexById(now);
  return before.flatMap((old): Rename[] => {
    const info = old.id === undefined ? undefined : byId.get(old.id);
    return info === undefined || info.name === old.name ? [] : [[old, info]];
  });
}

/** Whether a parent was renamed so that this follows. */
function goesWithParent(
  from: string,
  to: string,
  newNames: ReadonlyMap<string, string>,
): boolean {
  return ancestorsOf(from).some((parent) => {
    const moved = newNames.get(parent);
    return moved !== undefined && to === moved + from.slice(parent.length);
  });
}

/** Mailboxes of one list that are not in the other. */
function onlyIn(
  mailboxes: readonly MailboxInfo[],
  others: readonly MailboxInfo[],
): MailboxInfo[] {
  const byId = indexById(others);
  return mailboxes.filter(({ id }) => id !== undefined && !byId.has(id));
}

function indexById(
  mailboxes: readonly MailboxInfo[],
): ReadonlyMap<MailboxId, MailboxInfo> {
  const byId = new Map<MailboxId, MailboxInfo>();
  for (const info of mailboxes) {
    if (info.id !== undefined) byId.set(info.id, info);
  }
  return byId;
}

function subscriptionChanges(
  before: readonly MailboxInfo[],
  now: readonly MailboxInfo[],
  tree: ReadonlyMap<string, ListedName>,
): NameChange[] {
  const old = new Map(before.map((info) => [info.name, info]));
  const current = new Map(now.map((info) => [info.name, info]));
  const names = new Set([...old.keys(), ...current.keys()]);
  const changes: NameChange[] = [];
  for (const name of names) {
    const was = old.get(name);
    const is = current.get(name);
    if ((was?.subscribed ?? false) === (is?.subscribed ?? false)) continue;
    changes.push({
      event: "SubscriptionChange",
      listed: tree.get(name) ?? absent(name),
      oldName: undefined,
      about: [was, is].filter((info) => info !== undefined),
    });
  }
  return changes;
}

/** A name that nothing has any more. */
function absent(name: string): ListedName {
  return {
    name,
    info: undefined,
    exists: false,
    hasChildren: false,
    subscribed: false,
    hasSubscribedChild: false,
  };
}
