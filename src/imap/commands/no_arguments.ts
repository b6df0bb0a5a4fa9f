/** The grammar of commands that take none. */
import type { Cursor } from "#src/imap/wire/cursor.ts";

/** Nothing may follow the name. */
export function noArguments(cursor: Cursor): void {
  // INTEROP: a space at the end of the line harms nobody.
  cursor.trySp();
  cursor.end();
}
