/** Rows of mailboxes as the backend gives them. */
import type { MailboxInfo, SpecialUse } from "#src/imap/backend.ts";
import type { Row } from "../driver.ts";
import { number, optionalText, text } from "../row.ts";
import { STATUS_COLUMNS, statusOf } from "./mailbox_state.ts";

/** Columns that `toInfo` needs. */
export const INFO_COLUMNS =
  `id, name, object_id, special_use, ${STATUS_COLUMNS}`;

/** A row with `INFO_COLUMNS` as its owner sees it. */
export function toInfo(row: Row, subscribed: boolean): MailboxInfo {
  return {
    id: number(row, "id"),
    name: text(row, "name"),
    specialUse: optionalText(row, "special_use") as SpecialUse | undefined,
    subscribed,
    status: statusOf(row),
    objectId: text(row, "object_id"),
  };
}
