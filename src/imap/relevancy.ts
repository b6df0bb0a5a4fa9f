/**
 * How well messages match a FUZZY search, from 1 to 100. RFC 6203 section 4.
 * A text as it was written counts more than its words, and the subject more
 * than the rest of a message.
 */
import type { SearchKey } from "./search_key.ts";

/** Every match has this. */
const BASE = 1;
/** The texts are there to the letter. */
const TO_THE_LETTER = 30;
/** The words are in the subject. */
const IN_SUBJECT = 39;
/** The texts are in the subject to the letter. */
const SUBJECT_TO_THE_LETTER = 30;

/** Finds messages; UIDs. */
export type Find = (key: SearchKey) => Promise<Uint32Array>;

/** The scores of messages that match `key`, in the order of `uids`. */
export async function relevancyOf(
  uids: Uint32Array,
  key: SearchKey,
  find: Find,
): Promise<Uint8Array> {
  const scores = new Uint8Array(uids.length).fill(BASE);
  if (uids.length === 0) return scores;
  const subject = inSubject(key, "exact");
  const grades = [
    [withoutFuzzy(key), TO_THE_LETTER],
    [subject, IN_SUBJECT],
    [withoutFuzzy(subject), SUBJECT_TO_THE_LETTER],
  ] as const;
  for (const [stricter, score] of grades) {
    const found = new Set(await find(stricter));
    for (const [i, uid] of uids.entries()) {
      if (found.has(uid)) scores[i] = (scores[i] ?? 0) + score;
    }
  }
  return scores;
}

/** The key with all texts to the letter. */
function withoutFuzzy(key: SearchKey): SearchKey {
  return key.kind === "fuzzy"
    ? withoutFuzzy(key.key)
    : mapChildren(key, withoutFuzzy);
}

/** The key with texts that may be near looked for in the subject. */
function inSubject(key: SearchKey, match: "exact" | "near"): SearchKey {
  switch (key.kind) {
    case "fuzzy":
      return { kind: "fuzzy", key: inSubject(key.key, "near") };
    // What is not to be found does not get better elsewhere.
    case "not":
      return key;
    case "text":
    case "body":
      return match === "near" ? { kind: "subject", text: key.text } : key;
    default:
      return mapChildren(key, (child) => inSubject(child, match));
  }
}

function mapChildren(
  key: SearchKey,
  change: (child: SearchKey) => SearchKey,
): SearchKey {
  switch (key.kind) {
    case "and":
      return { kind: "and", keys: key.keys.map(change) };
    case "or":
      return { kind: "or", left: change(key.left), right: change(key.right) };
    case "not":
    case "fuzzy":
      return { kind: key.kind, key: change(key.key) };
    default:
      return key;
  }
}
