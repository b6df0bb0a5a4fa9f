/** FLAGS and PERMANENTFLAGS. RFC 9051 section 7.3.5 and 7.1. */
import { MAX_KEYWORDS, SYSTEM_FLAGS } from "./backend.ts";
import { allowedFlags, flagGuardOf } from "./rights.ts";
import type { SelectedMailbox } from "./selected_mailbox.ts";
import type { ResponseWriter } from "./wire/response_writer.ts";

/** `(\Seen $Label)`. */
export function formatFlagList(names: readonly string[]): string {
  return `(${names.join(" ")})`;
}

/** Writes which flags the mailbox has, and which can be changed for good. */
export function writePermanentFlags(
  out: ResponseWriter,
  selected: SelectedMailbox,
): void {
  const keywords = selected.view.keywords;
  const flags = [...SYSTEM_FLAGS, ...keywords];
  out.line(`* FLAGS ${formatFlagList(flags)}`);
  if (selected.readOnly) {
    out.line("* OK [PERMANENTFLAGS ()] Read-only mailbox");
    return;
  }
  const may = flagGuardOf(selected.rights);
  const hasRoom = keywords.length < MAX_KEYWORDS && may?.others !== false;
  const more = hasRoom ? ["\\*"] : [];
  const permanent = formatFlagList([...allowedFlags(flags, may), ...more]);
  out.line(`* OK [PERMANENTFLAGS ${permanent}] Flags that stay`);
}
