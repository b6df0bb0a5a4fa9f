/** Names of mailboxes: what is allowed, and how levels hang together. */
import { StorageError } from "#src/errors/errors.ts";
import { OTHER_USERS } from "#src/imap/rights.ts";

/** Between levels. */
export const SEPARATOR = "/";

/** Longest name, in UTF-16 units: generous, and fits every client's limits. */
const MAX_LENGTH = 1_000;

/** Deepest name. */
const MAX_LEVELS = 50;

// deno-lint-ignore no-control-regex -- these are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** The one spelling of a name; throws `invalid` for what can be no name. */
export function mailboxName(given: string): string {
  const name = given.normalize("NFC");
  const levels = name.split(SEPARATOR);
  const wrong = name.length > MAX_LENGTH || levels.length > MAX_LEVELS ||
    levels.includes("") || CONTROL.test(name) || !name.isWellFormed();
  if (wrong) throw new StorageError("invalid", "Not a name for a mailbox");
  // Another's INBOX is INBOX in any case of letters as well.
  const at = levels[0] === OTHER_USERS ? 2 : 0;
  if (/^inbox$/i.test(levels[at] ?? "")) levels[at] = "INBOX";
  return levels.join(SEPARATOR);
}

/** Parts of a name below `Other Users`. */
export interface SharedName {
  readonly owner: string | undefined;
  /** As the owner calls it. */
  readonly name: string | undefined;
}

/** `undefined` for a name that is not below `Other Users`. */
export function splitSharedName(name: string): SharedName | undefined {
  const [first, owner, ...rest] = name.split(SEPARATOR);
  if (first !== OTHER_USERS) return undefined;
  return {
    owner,
    name: rest.length === 0 ? undefined : rest.join(SEPARATOR),
  };
}

/** How others call a mailbox. */
export function sharedName(owner: string, name: string): string {
  return [OTHER_USERS, owner, name].join(SEPARATOR);
}

/** Names above a name, from the top: `a/b/c` has `a` and `a/b`. */
export function parentsOf(name: string): readonly string[] {
  const levels = name.split(SEPARATOR);
  return levels.slice(1).map((_, n) => levels.slice(0, n + 1).join(SEPARATOR));
}

/** Whether `name` lies below `parent`. */
export function isBelow(name: string, parent: string): boolean {
  return name.startsWith(parent + SEPARATOR);
}
