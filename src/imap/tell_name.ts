/** LIST as an answer to other commands than LIST. RFC 9051 section 7.3.1. */
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
