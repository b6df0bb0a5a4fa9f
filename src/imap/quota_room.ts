/**
 * Refuses long messages that have no room before they are sent. The store
 * checks again, and is the one that counts; RFC 9208 section 4.3.1.
 */
import { StorageError } from "#src/errors/errors.ts";
import type { MailboxInfo } from "./backend.ts";
import { APPEND_MEMORY_BYTES } from "./limits.ts";
import type { Session } from "./session.ts";

/** Throws `overQuota` where `bytes` more are too many for one's own mailbox. */
export async function checkRoom(
  session: Session,
  { name, rights }: Pick<MailboxInfo, "name" | "rights">,
  bytes: number,
): Promise<void> {
  // A short message costs less than the question.
  if (bytes <= APPEND_MEMORY_BYTES || rights !== undefined) return;
  const { quota } = session.services.backend.powers ?? {};
  const account = session.account.id;
  for (const root of await quota?.rootsOf({ account, mailbox: name }) ?? []) {
    for (const { resource, used, limit = Infinity } of root.usage) {
      if (used + (resource === "STORAGE" ? bytes : 1) <= limit) continue;
      throw new StorageError("overQuota", "The account has no room for that");
    }
  }
}
