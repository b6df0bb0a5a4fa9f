/** Identifiers of access control lists. RFC 4314 section 3 and 7. */
import type { Cursor } from "./cursor.ts";
import { tryDecodeUtf8 } from "./utf8.ts";

/** Longest identifier: the longest address. */
const MAX_IDENTIFIER_BYTES = 512;

// deno-lint-ignore no-control-regex -- these are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** An identifier; what can be none is a syntax error. */
export function parseIdentifier(cursor: Cursor): string {
  const bytes = cursor.astring();
  const text = tryDecodeUtf8(bytes);
  const isWrong = text === undefined || text === "" || text === "-" ||
    bytes.length > MAX_IDENTIFIER_BYTES || CONTROL.test(text);
  return isWrong ? cursor.fail("identifier") : text.normalize("NFKC");
}
