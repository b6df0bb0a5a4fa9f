/**
 * The subject without what replying and forwarding add. RFC 5256 section 2.1.
 * The case of the letters stays.
 */

/** Subjects are cut to this before the work; nobody sorts by more. */
const MAX_SUBJECT = 500;

/** A blob `[...]` with its trailing white space at the start. */
const BLOB = /^\[[^[\]]*\] */;
/** `re`, `fw` or `fwd`, perhaps a blob, and a colon at the start. */
const LEADER = /^(?:re|fwd?) *(?:\[[^[\]]*\] *)?: */i;
const FORWARD_TAIL = /(?:\(fwd\)| )$/i;
const FORWARD_START = /^\[fwd:/i;

/** The base subject of a decoded subject. */
export function baseSubject(subject: string): string {
  let text = subject.slice(0, MAX_SUBJECT).replace(/[ \t\r\n]+/g, " ");
  for (;;) {
    text = withoutTail(text);
    text = withoutLeaders(text);
    if (!FORWARD_START.test(text) || !text.endsWith("]")) return text;
    text = text.slice(5, -1);
  }
}

/** Step 2: `(fwd)` and white space at the end. */
function withoutTail(text: string): string {
  let rest = text;
  while (FORWARD_TAIL.test(rest)) rest = rest.replace(FORWARD_TAIL, "");
  return rest;
}

/** Steps 3 to 5: white space, `re:` and blobs at the start. */
function withoutLeaders(text: string): string {
  let rest = text;
  for (;;) {
    const before = rest;
    rest = rest.replace(/^ +/, "");
    const afterBlobs = withoutBlobs(rest);
    if (LEADER.test(afterBlobs)) rest = afterBlobs.replace(LEADER, "");
    else {
      // A blob goes only where something is left.
      const shorter = rest.replace(BLOB, "");
      if (shorter !== "") rest = shorter;
    }
    if (rest === before) return rest;
  }
}

/** Blobs that stand before `re:` belong to it. */
function withoutBlobs(text: string): string {
  let rest = text;
  while (BLOB.test(rest)) rest = rest.replace(BLOB, "");
  return rest;
}
