/** What a FETCH has to read. Pure. */
import type { FetchColumns } from "./backend.ts";
import type { FetchItem, SectionItem, SimpleItem } from "./fetch_item.ts";
import { needsStructure } from "./fetch_section.ts";
import { INLINE_BODY_BYTES } from "./limits.ts";

/** A FETCH, made ready. */
export interface FetchPlan {
  readonly items: readonly FetchItem[];
  /** `undefined`: the view knows everything that is asked for. */
  readonly columns: FetchColumns | undefined;
  readonly marksSeen: boolean;
  readonly hasFlags: boolean;
  readonly hasModSeq: boolean;
}

/** Items that the view answers. */
const IN_VIEW: ReadonlySet<SimpleItem> = new Set(["UID", "FLAGS", "MODSEQ"]);

/** Looks at the items of a command, doubles left out. */
export function planFetch(asked: readonly FetchItem[]): FetchPlan {
  const items = withoutDoubles(asked);
  const has = (name: SimpleItem): boolean =>
    items.some((item) => item.kind === "simple" && item.name === name);
  const sections = items.filter((item) => item.kind === "section");
  const isInView = items.every((item) =>
    item.kind === "simple" && IN_VIEW.has(item.name)
  );
  return {
    items,
    columns: isInView ? undefined : columnsOf(has, sections),
    marksSeen: sections.some((item) => item.marksSeen),
    hasFlags: has("FLAGS"),
    hasModSeq: has("MODSEQ"),
  };
}

function columnsOf(
  has: (name: SimpleItem) => boolean,
  sections: readonly SectionItem[],
): FetchColumns {
  const headerOnly = (item: SectionItem): boolean =>
    item.part.length === 0 && item.what !== "all" && item.what !== "text";
  const wantsHeader = sections.some((item) =>
    item.what === "all" ? item.part.length === 0 : headerOnly(item)
  );
  const wantsMime = sections.some((item) => item.what === "mime");
  return {
    ...(has("ENVELOPE") && { envelope: true }),
    ...(has("BODYSTRUCTURE") && { bodyStructure: true }),
    ...(has("BODY") && { bodyBasic: true }),
    ...(sections.some(needsStructure) && { structure: true }),
    ...((wantsHeader || wantsMime) && { header: true }),
    ...(!sections.every(headerOnly) && { bodyUpTo: INLINE_BODY_BYTES }),
  };
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
