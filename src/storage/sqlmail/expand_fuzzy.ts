/**
 * FUZZY. RFC 6203 section 3 leaves to the server what is near enough. Here a
 * text is found where all of its words are, in any order, each anywhere in a
 * word and with or without its accents.
 */
import type { SearchKey } from "#src/imap/search_key.ts";
import { fold } from "../fulltext/fold_text.ts";

/** Words of one text that count. */
const MAX_WORDS = 20;

/** The key without `fuzzy`. */
export function expandFuzzy(
  key: SearchKey,
  matching: "exact" | "near" = "exact",
): SearchKey {
  switch (key.kind) {
    case "fuzzy":
      return expandFuzzy(key.key, "near");
    case "and":
      return {
        ...key,
        keys: key.keys.map((one) => expandFuzzy(one, matching)),
      };
    case "or":
      return {
        ...key,
        left: expandFuzzy(key.left, matching),
        right: expandFuzzy(key.right, matching),
      };
    case "not":
      return { ...key, key: expandFuzzy(key.key, matching) };
    case "address":
    case "subject":
    case "header":
    case "body":
    case "text":
      return matching === "near"
        ? nearly(key.text, (text): SearchKey => ({ ...key, text }))
        : key;
    default:
      return key;
  }
}

function nearly(text: string, find: (word: string) => SearchKey): SearchKey {
  const words = fold(text).split(" ").filter((word) => word !== "")
    .slice(0, MAX_WORDS);
  if (words.length === 0) return find(text);
  const keys = words.map((word): SearchKey => {
    const plain = word.replace(/\p{M}/gu, "");
    return plain === word || plain === ""
      ? find(word)
      : { kind: "or", left: find(word), right: find(plain) };
  });
  return { kind: "and", keys };
}
