/** What a FETCH has to read. Pure. */
import type { FetchColumns } from "./backend.ts";
import type { FetchItem, SectionItem, SimpleItem } from "./fetch_item.ts";
import { INLINE_BODY_BYTES, INLINE_PARTS_BYTES } from "./limits.ts";

/** A FETCH, made ready. */
export interface FetchPlan {
  /** What the store answers: neither UID, FLAGS nor MODSEQ. */
  readonly items: readonly FetchItem[];
  /** `undefined`: the view knows everything that is asked for. */
  readonly columns: FetchColumns | undefined;
  readonly marksSeen: boolean;
  readonly hasUid: boolean;
  readonly hasFlags: boolean;
  readonly hasModSeq: boolean;
  /** Some content is to be decoded. RFC 3516. */
  readonly hasBinary: boolean;
}

/** Items that the view answers. */
const IN_VIEW: ReadonlySet<SimpleItem> = new Set(["UID", "FLAGS", "MODSEQ"]);

/** Looks at the items of a command, doubles left out. */
export function planFetch(asked: readonly FetchItem[]): FetchPlan {
  const all = withoutDoubles(asked);
  const has = (name: SimpleItem): boolean =>
    all.some((item) => item.kind === "simple" && item.name === name);
  const items = all.filter((item) =>
    item.kind !== "simple" || !IN_VIEW.has(item.name)
  );
  return {
    items,
    columns: items.length === 0 ? undefined : columnsOf(items, has),
    marksSeen: items.some((item) => item.kind !== "simple" && item.marksSeen),
    hasUid: has("UID"),
    hasFlags: has("FLAGS"),
    hasModSeq: has("MODSEQ"),
    hasBinary: items.some((item) => item.kind === "binary"),
  };
}

function columnsOf(
  items: readonly FetchItem[],
  has: (name: SimpleItem) => boolean,
): FetchColumns {
  let structure = false;
  let header = false;
  let body = false;
  let wholeBody = false;
  for (const item of items) {
    if (item.kind === "simple") continue;
    const isPart = item.part.length > 0;
    if (isPart) structure = true;
    if (item.kind === "binary") {
      body = true;
      if (!isPart) header = true;
      continue;
    }
    if (!isPart && item.what !== "text") header = true;
    if (item.what === "mime") header = true;
    if (isPart || !isHeaderOnly(item)) {
      body = true;
      if (!isPart && item.partial === undefined) wholeBody = true;
    }
  }
  return {
    ...(has("ENVELOPE") && { envelope: true }),
    ...(has("BODYSTRUCTURE") && { bodyStructure: true }),
    ...(has("BODY") && { bodyBasic: true }),
    ...(has("PREVIEW") && { preview: true }),
    ...((has("EMAILID") || has("THREADID")) && { ids: true }),
    ...((has("INTERNALDATE") || has("SAVEDATE")) && { dates: true }),
    ...(structure && { structure: true }),
    ...(header && { header: true }),
    ...(body && {
      bodyUpTo: wholeBody ? INLINE_BODY_BYTES : INLINE_PARTS_BYTES,
    }),
  };
}

/** Of the message itself. */
function isHeaderOnly(item: SectionItem): boolean {
  return item.what !== "all" && item.what !== "text";
}

function withoutDoubles(items: readonly FetchItem[]): FetchItem[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const key = item.kind === "simple"
      ? item.name
      : `${item.label}<${item.partial?.offset}.${item.partial?.count}>`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
