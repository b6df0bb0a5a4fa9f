/**
 * Object ids of what is on another server, which need not have any. RFC 8474:
 * each names one thing, and it alone. A mailbox that gets another name has
 * another id.
 */
import { createHash } from "node:crypto";
import type { Uid } from "#src/imap/backend.ts";

/** MAILBOXID. */
export function mailboxObjectId(name: string): string {
  const hash = createHash("sha256").update(name).digest("hex");
  return `R${hash.slice(0, 32)}`;
}

/** EMAILID. */
export function messageObjectId(uidValidity: number, uid: Uid): string {
  return `R${uidValidity}-${uid}`;
}
