/** What a client wants to be told by itself. RFC 5465. */
import type { MailboxInfo } from "./backend.ts";
import type { FetchItem } from "./fetch_item.ts";
import { ancestorsOf } from "./mailbox_tree.ts";

/** Events that `NO [BADEVENT ...]` lists. RFC 5465 section 8. */
export const NOTIFY_EVENTS = [
  "MessageNew",
  "MessageExpunge",
  "FlagChange",
  "MailboxName",
  "SubscriptionChange",
  "MailboxMetadataChange",
  "ServerMetadataChange",
] as const;

/** One event. */
export type NotifyEvent = typeof NOTIFY_EVENTS[number];

/** Those that hang on METADATA. RFC 5465 section 5.6 and 5.7. */
export const METADATA_EVENTS: ReadonlySet<NotifyEvent> = new Set([
  "MailboxMetadataChange",
  "ServerMetadataChange",
]);

/** Of the selected mailbox. RFC 5465 section 6.1. */
export interface SelectedEvents {
  /** EXPUNGE waits for a command that allows it. */
  readonly isDelayed: boolean;
  /** MessageNew and MessageExpunge; one is not to be had without the other. */
  readonly messages: boolean;
  readonly flags: boolean;
  /** What is told of new messages besides EXISTS. */
  readonly items: readonly FetchItem[];
}

/** Without NOTIFY. */
export const EVERY_EVENT: SelectedEvents = {
  isDelayed: false,
  messages: true,
  flags: true,
  items: [],
};

/** With a NOTIFY that says nothing of the selected mailbox. */
export const NO_EVENTS: SelectedEvents = {
  isDelayed: false,
  messages: false,
  flags: false,
  items: [],
};

/** Which mailboxes a group of events is about. RFC 5465 section 6.2 to 6.6. */
export type MailboxFilter =
  | { readonly kind: "personal" | "subscribed" }
  | {
    readonly kind: "subtree" | "mailboxes";
    readonly names: ReadonlySet<string>;
  };

/** Events of mailboxes that are not selected. */
export interface MailboxEvents {
  readonly filter: MailboxFilter;
  readonly events: ReadonlySet<NotifyEvent>;
}

/** A NOTIFY command; without anything in it that is NOTIFY NONE. */
export interface NotifyRequest {
  readonly selected: SelectedEvents | undefined;
  readonly groups: readonly MailboxEvents[];
}

/** Nothing at all. */
export const NOTIFY_NONE: NotifyRequest = { selected: undefined, groups: [] };

/** Events that the groups ask for of a mailbox; they add up. */
export function eventsOf(
  { groups }: NotifyRequest,
  mailbox: Pick<MailboxInfo, "name" | "subscribed" | "rights">,
): ReadonlySet<NotifyEvent> {
  const events = new Set<NotifyEvent>();
  for (const group of groups) {
    if (!matches(group.filter, mailbox)) continue;
    for (const event of group.events) events.add(event);
  }
  return events;
}

/** Whether any group asks for it: of some events the mailbox does not matter. */
export function wantsAnywhere(
  { groups }: NotifyRequest,
  event: NotifyEvent,
): boolean {
  return groups.some(({ events }) => events.has(event));
}

function matches(
  filter: MailboxFilter,
  { name, subscribed, rights }: Pick<
    MailboxInfo,
    "name" | "subscribed" | "rights"
  >,
): boolean {
  switch (filter.kind) {
    case "personal":
      return rights === undefined;
    case "subscribed":
      return subscribed;
    case "subtree":
      return filter.names.has(name) ||
        ancestorsOf(name).some((root) => filter.names.has(root));
    case "mailboxes":
      return filter.names.has(name);
  }
}
