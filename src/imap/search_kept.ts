/**
 * What a search leaves behind: the result that `$` names (RFC 5182, RFC 9394
 * section 3.2), and a search that stays alive (RFC 5267 section 4.3).
 */
import { ImapError } from "./errors.ts";
import { cutPartial } from "./search_answer.ts";
import type { SearchKey } from "./search_key.ts";
import type { SearchProgram } from "./search_program.ts";
import type { Session } from "./session.ts";

/**
 * RFC 5182 section 2.4, RFC 9394 section 3.2: all that was found, or where MIN,
 * MAX or PARTIAL alone were asked for, what those gave.
 */
export function saveResult(
  session: Session,
  { results = [], partial }: SearchProgram,
  found: Uint32Array,
): void {
  if (!results.includes("SAVE")) return;
  const hasMin = results.includes("MIN");
  const hasMax = results.includes("MAX");
  const isWhole = results.includes("ALL") || results.includes("COUNT") ||
    !(hasMin || hasMax || partial !== undefined);
  const some: number[] = [];
  if (hasMin) some.push(...found.subarray(0, 1));
  if (hasMax) some.push(...found.subarray(-1));
  if (partial !== undefined) {
    for (const uid of cutPartial(found, partial)) some.push(uid);
  }
  session.selected.savedResult = isWhole
    ? found
    : Uint32Array.from(new Set(some)).sort();
}

/** RFC 5182 section 2.1: a failed search leaves nothing saved. */
export function forgetResult(
  session: Session,
  { results }: SearchProgram,
): void {
  const selected = session.trySelected;
  if (selected === undefined || results?.includes("SAVE") !== true) return;
  selected.savedResult = new Uint32Array(0);
}

/** RFC 5267 section 4.3: a tag names one live search. */
export function checkTag(
  session: Session,
  { results }: SearchProgram,
  tag: string,
): void {
  if (results?.includes("UPDATE") !== true) return;
  if (session.trySelected?.contexts.has(tag) !== true) return;
  throw new ImapError("BAD", "The tag is that of a search that is alive");
}

/** Where UPDATE was asked for. */
export function keepAlive(
  session: Session,
  { results, updateItems }: SearchProgram,
  search: {
    readonly tag: string;
    readonly uid: boolean;
    readonly key: SearchKey;
  },
  found: Uint32Array,
): void {
  if (results?.includes("UPDATE") !== true) return;
  const { contexts } = session.selected;
  const kept = { ...search, items: updateItems };
  if (contexts.add(session, kept, found)) return;
  refuseUpdate(session, search.tag, "Too many live searches");
}

/** RFC 5267 section 4.3.1. */
export function refuseUpdate(
  session: Session,
  tag: string,
  reason: string,
): void {
  const quoted = tag.replace(/["\\]/g, "\\$&");
  session.out.line(`* NO [NOUPDATE "${quoted}"] ${reason}`);
}
