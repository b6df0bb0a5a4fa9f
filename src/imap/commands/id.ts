/** ID. RFC 2971. */
import { ANY_STATE, defineCommand } from "#src/imap/command.ts";
import { MAX_ID_LOG_CHARS } from "#src/imap/limits.ts";
import type { Cursor } from "#src/imap/wire/cursor.ts";
import { asciiText, lowerAscii } from "#src/imap/wire/ascii.ts";
import { tryDecodeUtf8 } from "#src/imap/wire/utf8.ts";

/** RFC 2971 section 3.3: no more than 30 pairs. */
const MAX_PAIRS = 30;
/** What a client may tell the log about itself. */
const LOGGED = new Set(["name", "version", "os", "vendor"]);

export const id = defineCommand({
  name: "ID",
  states: ANY_STATE,
  capability: "ID",
  parse(cursor) {
    cursor.sp();
    const fields = parseFields(cursor);
    cursor.end();
    return fields;
  },
  run(session, fields) {
    if (fields.size > 0) {
      session.log.info("client named itself", Object.fromEntries(fields));
    }
    const { out, services } = session;
    out.text("* ID (");
    Object.entries(services.settings.serverId).forEach(([key, value], n) => {
      if (n > 0) out.text(" ");
      out.textString(key).text(" ").textString(value);
    });
    out.line(")");
    return Promise.resolve({ text: "Pleased to meet you" });
  },
});

function parseFields(cursor: Cursor): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  if (cursor.tryWord("NIL")) return fields;
  let pairs = 0;
  cursor.listOrEmpty(() => {
    if (++pairs > MAX_PAIRS) cursor.fail("at most 30 pairs");
    const key = lowerAscii(asciiText(cursor.string()));
    cursor.sp();
    const value = cursor.nstring();
    if (value === undefined || !LOGGED.has(key)) return;
    const text = tryDecodeUtf8(value) ?? "";
    fields.set(key, text.slice(0, MAX_ID_LOG_CHARS));
  });
  return fields;
}
