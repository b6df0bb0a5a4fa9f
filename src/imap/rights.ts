/**
 * Rights of RFC 4314: letters, the virtual `c` and `d` of section 2.1.1, and
 * who has which of an access control list. Section 2.
 *
 * Decisions that section 2.1.1 leaves open: `c` is `k` and `x`, `d` is `t` and
 * `e`; no two rights are tied together.
 */
import { StorageError } from "#src/errors/errors.ts";
import type { FlagGuard } from "./backend.ts";
import type { AclEntry } from "./powers.ts";

/** Every right, in the order in which they are written. */
export const ALL_RIGHTS = "lrswipkxtea";

/** What `RIGHTS=` names: those that are not as old as ACL. Section 5.1.1. */
export const NEW_RIGHTS = "texk";

/** First level of the names of mailboxes that others share. RFC 2342. */
export const OTHER_USERS = "Other Users";

/** Everybody who can log in. */
export const ANYONE = "anyone";

/** Before an identifier: the rights are taken away. */
const NEGATIVE = "-";

const CREATE_RIGHTS = "kx";
const DELETE_RIGHTS = "te";

/**
 * Rights as a client writes them; `undefined` for a letter that is none.
 * Section 3.1.
 */
export function parseRights(text: string): string | undefined {
  const expanded = text.replaceAll("c", CREATE_RIGHTS)
    .replaceAll("d", DELETE_RIGHTS);
  for (const right of expanded) {
    if (!ALL_RIGHTS.includes(right)) return undefined;
  }
  return ordered(expanded);
}

/** Rights as a client reads them: `c` and `d` where a member is there. */
export function formatRights(rights: string): string {
  const hasAny = (members: string): boolean =>
    [...members].some((member) => rights.includes(member));
  return ordered(rights) + (hasAny(CREATE_RIGHTS) ? "c" : "") +
    (hasAny(DELETE_RIGHTS) ? "d" : "");
}

/** Those of `rights` that are not in `removed`. */
export function withoutRights(rights: string, removed: string): string {
  return [...rights].filter((right) => !removed.includes(right)).join("");
}

/** Both together, each once. */
export function joinRights(rights: string, more: string): string {
  return ordered(rights + more);
}

/** What an account has by the entries; the owner is not asked about. */
export function effectiveRights(
  entries: readonly AclEntry[],
  account: string,
): string {
  let given = "";
  let taken = "";
  for (const { identifier, rights } of entries) {
    if (identifier === account || identifier === ANYONE) given += rights;
    const isTaken = identifier === NEGATIVE + account ||
      identifier === NEGATIVE + ANYONE;
    if (isTaken) taken += rights;
  }
  return ordered(withoutRights(given, taken));
}

/** Whether all of `needed` is there; `undefined` is one's own mailbox. */
export function hasRights(
  rights: string | undefined,
  needed: string,
): boolean {
  return rights === undefined ||
    [...needed].every((right) => rights.includes(right));
}

/**
 * Why rights do not suffice. Without `l` the mailbox is as if it were not
 * there. Section 6.
 */
export function lackingRights(rights: string): StorageError {
  return rights.includes("l")
    ? new StorageError("noPermission", "A right is missing")
    : new StorageError("notFound", "No mailbox of that name");
}

/** Whether one may see annotations. RFC 5464 section 3.3. */
export function mayAnnotate(rights: string | undefined): boolean {
  return hasRights(rights, "l") &&
    [..."rswip"].some((right) => hasRights(rights, right));
}

/** Throws where a right is missing. */
export function requireRights(
  rights: string | undefined,
  needed: string,
): void {
  if (rights === undefined || hasRights(rights, needed)) return;
  throw lackingRights(rights);
}

/** Flags that may be changed; `undefined`: all. Section 4. */
export function flagGuardOf(
  rights: string | undefined,
): FlagGuard | undefined {
  if (rights === undefined) return undefined;
  const guard = {
    seen: rights.includes("s"),
    deleted: rights.includes("t"),
    others: rights.includes("w"),
  };
  return guard.seen && guard.deleted && guard.others ? undefined : guard;
}

/** Those of the flags that may be set. */
export function allowedFlags(
  flags: readonly string[],
  may: FlagGuard | undefined,
): readonly string[] {
  if (may === undefined) return flags;
  return flags.filter((flag) => {
    const name = flag.toLowerCase();
    if (name === "\\seen") return may.seen;
    return name === "\\deleted" ? may.deleted : may.others;
  });
}

function ordered(rights: string): string {
  return [...ALL_RIGHTS].filter((right) => rights.includes(right)).join("");
}
