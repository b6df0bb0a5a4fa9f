/** The start of a message's text as a mailbox list shows it. RFC 8970. */
import { htmlToText } from "./html_text.ts";

/** Longest preview, in code points. RFC 8970 section 3.1. */
const MAX_PREVIEW = 200;
/** Text that is looked at to find it. */
const MAX_LOOK = 8_192;
/** Text that is looked at first. */
const SHORT_LOOK = 600;

/**
 * At most 200 characters of `text` in one line. Quoted lines of the message
 * answered are left out where there is something else.
 */
export function previewText(
  text: string,
  kind: { readonly isHtml: boolean },
): string {
  const plain = kind.isHtml ? htmlToText(text) : text.slice(0, MAX_LOOK);
  const own = kind.isHtml || !plain.includes(">")
    ? plain
    : plain.split("\n").filter((line) => !line.startsWith(">")).join("\n");
  const preview = oneLine(own);
  return preview === "" && own !== plain ? oneLine(plain) : preview;
}

/** What becomes a single space: white space, control characters, fillers. */
const BLANKS_REGEXP = /[\s\p{Cc}\u200b-\u200f\u034f\ufeff\u00ad]+/gu;

/** White space and control characters become single spaces. */
function oneLine(text: string): string {
  // Nearly always the start is enough.
  let line = text.slice(0, SHORT_LOOK).replace(BLANKS_REGEXP, " ").trim();
  if (line.length < 2 * MAX_PREVIEW && text.length > SHORT_LOOK) {
    line = text.slice(0, MAX_LOOK).replace(BLANKS_REGEXP, " ").trim();
  }
  if (line.length <= MAX_PREVIEW) return line;
  let cut = "";
  let count = 0;
  for (const character of line) {
    if (count++ === MAX_PREVIEW) break;
    cut += character;
  }
  return cut.trimEnd();
}
