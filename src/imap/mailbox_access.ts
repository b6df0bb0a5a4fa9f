/**
 * Whether a session may do what it is asked to. RFC 4314 section 4. One's own
 * mailboxes are open without a look; those of others are looked up each time,
 * so that rights that were taken away count at once (section 5.1.1).
 */
import type { MailboxInfo } from "./backend.ts";
import { ImapError } from "./errors.ts";
import { writePermanentFlags } from "./flag_responses.ts";
import { hasRights, lackingRights, requireRights } from "./rights.ts";
import type { SelectedMailbox } from "./selected_mailbox.ts";
import type { Session } from "./session.ts";

/** Rights of which one makes a mailbox READ-WRITE. RFC 4314 section 5.2. */
const WRITING_RIGHTS = "iestw";

/** The mailbox of a name, where the account has all of the rights. */
export async function allowedMailbox(
  session: Session,
  name: string,
  needed: string,
): Promise<MailboxInfo> {
  const { backend } = session.services;
  const info = await backend.findMailbox(session.account.id, name);
  requireRights(info.rights, needed);
  return info;
}

/** Throws where the selected mailbox is another's and a right is missing. */
export function requireSelected(
  selected: SelectedMailbox,
  needed: string,
): void {
  const { rights } = selected;
  if (rights === undefined || hasRights(rights, needed)) return;
  // It is selected: that it is there is no secret.
  throw lackingRights(`l${rights}`);
}

/** Whether nothing in the mailbox may be changed. */
export function isReadOnly(rights: string | undefined): boolean {
  return rights !== undefined &&
    ![...WRITING_RIGHTS].some((right) => rights.includes(right));
}

/**
 * Looks at the rights in the selected mailbox again, if it is another's. Who
 * may not read it any more is sent away. RFC 4314 section 5.1.1.
 */
export async function checkSelectedRights(session: Session): Promise<void> {
  const selected = session.trySelected;
  if (selected?.rights === undefined) return;
  const { acl } = session.services.backend.powers ?? {};
  const rights = await acl?.rightsOf({
    account: session.account.id,
    mailbox: selected.view.mailbox,
  }) ?? "";
  if (rights === selected.rights) return;
  if (!rights.includes("r") && !selected.view.deleted) {
    throw new ImapError("BYE", "The selected mailbox may not be read any more");
  }
  const isNews = !selected.readOnly &&
    flagRights(rights) !== flagRights(selected.rights);
  selected.rights = rights;
  if (isNews) writePermanentFlags(session.out, selected);
}

/** Those that say which flags can be changed. */
function flagRights(rights: string): string {
  return [..."stw"].filter((right) => rights.includes(right)).join("");
}
