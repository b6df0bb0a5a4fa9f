/** LIST as an answer to other commands than LIST. RFC 9051 section 7.3.1. */
import type { ListedName } from "./mailbox_tree.ts";
import type { Session } from "./session.ts";
import { DELIMITER } from "./wire/mailbox_name.ts";

/**
 * Says under which name a mailbox is known. `oldName` is what the client, or
 * everybody until now, calls it: OLDNAME of RFC 9051 section 6.3.9.7.
 */
export function tellName(
  session: Session,
  name: string,
  oldName: string,
): void {
  const { out } = session;
  out.text(`* LIST () "${DELIMITER}" `).mailbox(name);
  if (oldName !== name) out.text(' ("OLDNAME" (').mailbox(oldName).text("))");
  out.crlf();
}

/** A mailbox that may be seen and not be read. RFC 5465 section 3.1. */
export function tellNoAccess({ out }: Session, name: string): void {
  out.text(`* LIST (\\NoAccess) "${DELIMITER}" `).mailbox(name).crlf();
}

/** The same with attributes, for events. RFC 5465 section 5.4 and 5.5. */
export function tellListed(
  session: Session,
  listed: ListedName,
  oldName: string | undefined,
): void {
  const attributes: string[] = [];
  if (!listed.exists) attributes.push("\\NonExistent");
  attributes.push(listed.hasChildren ? "\\HasChildren" : "\\HasNoChildren");
  if (listed.subscribed) attributes.push("\\Subscribed");
  const use = listed.info?.specialUse;
  if (use !== undefined) attributes.push(use);
  const { out } = session;
  out.text(`* LIST (${attributes.join(" ")}) "${DELIMITER}" `)
    .mailbox(listed.name);
  if (oldName !== undefined) {
    out.text(' ("OLDNAME" (').mailbox(oldName).text("))");
  }
  out.crlf();
}
