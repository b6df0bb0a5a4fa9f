/**
 * Which DKIM signatures of a message are worth a look. Their number, length
 * and ways of hashing the body are the sender's choice and our work: each way
 * is one more pass over the whole body. RFC 6376 sections 4.2 and 8.4.
 */
import type { HeaderBlock, HeaderField } from "#src/message/header_block.ts";

/** Signatures that are looked at: each costs a look-up and a hash. */
const MAX_SIGNATURES = 10;
/** Real ones are below 3 KB; all names in `h=` are looked for in the header. */
const MAX_BYTES = 8 * 1024;
/** Ways to hash the body: both forms, and one of them with a length. */
const MAX_BODY_HASHES = 3;

/** The topmost signatures that are within the bounds. */
export function chosenSignatures(
  header: HeaderBlock,
): readonly HeaderField[] {
  const chosen: HeaderField[] = [];
  const hashes = new Set<string>();
  for (const field of header.all("dkim-signature")) {
    if (chosen.length === MAX_SIGNATURES) break;
    const value = header.rawValue(field);
    if (value.length > MAX_BYTES) continue;
    const hash = bodyHashOf(new TextDecoder().decode(value));
    if (!hashes.has(hash) && hashes.size === MAX_BODY_HASHES) continue;
    hashes.add(hash);
    chosen.push(field);
  }
  return chosen;
}

/** What decides how the body is hashed: algorithm, canonical form, length. */
function bodyHashOf(value: string): string {
  const tags = new Map<string, string>();
  for (const tag of value.replace(/\s+/g, "").split(";")) {
    const equals = tag.indexOf("=");
    tags.set(tag.slice(0, Math.max(0, equals)), tag.slice(equals + 1));
  }
  const algorithm = tags.get("a")?.split("-").at(-1) ?? "";
  const form = tags.get("c")?.split("/")[1] ?? "simple";
  return [algorithm, form, tags.get("l") ?? ""].join().toLowerCase();
}
