/**
 * The readable text of HTML, for previews and searching: no layout, no
 * sanitizing, nothing to be shown as HTML again.
 */

/** Elements whose content is not for people. */
const HIDDEN: ReadonlySet<string> = new Set([
  "head",
  "style",
  "script",
  "title",
  "template",
  "noscript",
]);

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["nbsp", " "],
  ["copy", "\u00a9"],
  ["reg", "\u00ae"],
  ["trade", "\u2122"],
  ["euro", "\u20ac"],
  ["ndash", "\u2013"],
  ["mdash", "\u2014"],
  ["hellip", "\u2026"],
  ["lsquo", "\u2018"],
  ["rsquo", "\u2019"],
  ["ldquo", "\u201c"],
  ["rdquo", "\u201d"],
  ["laquo", "\u00ab"],
  ["raquo", "\u00bb"],
  ["bull", "\u2022"],
  ["middot", "\u00b7"],
  ["auml", "\u00e4"],
  ["ouml", "\u00f6"],
  ["uuml", "\u00fc"],
  ["Auml", "\u00c4"],
  ["Ouml", "\u00d6"],
  ["Uuml", "\u00dc"],
  ["szlig", "\u00df"],
  ["eacute", "\u00e9"],
  ["egrave", "\u00e8"],
  ["agrave", "\u00e0"],
  ["ccedil", "\u00e7"],
  ["ntilde", "\u00f1"],
  ["zwnj", ""],
  ["shy", ""],
]);

/** Elements that do not separate words. */
const INLINE: ReadonlySet<string> = new Set([
  "a",
  "abbr",
  "b",
  "em",
  "font",
  "i",
  "mark",
  "s",
  "small",
  "span",
  "strong",
  "sub",
  "sup",
  "u",
]);

/**
 * The text between the tags with entities resolved; a space where a tag stood.
 * Linear in the length of `html`.
 */
export function htmlToText(html: string): string {
  const pieces: string[] = [];
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf("<", at);
    if (open < 0) {
      pieces.push(html.slice(at));
      break;
    }
    pieces.push(html.slice(at, open));
    if (html.startsWith("<!--", open)) {
      const end = html.indexOf("-->", open + 4);
      if (end < 0) break;
      at = end + 3;
      continue;
    }
    if (!/[a-z/!?]/i.test(html.charAt(open + 1))) {
      pieces.push("<");
      at = open + 1;
      continue;
    }
    const close = html.indexOf(">", open);
    if (close < 0) break;
    const name = tagName(html, open + 1);
    at = close + 1;
    if (!INLINE.has(name)) pieces.push(" ");
    if (HIDDEN.has(name)) {
      at = endOfElement(html, at, name);
      if (at < 0) break;
    }
  }
  return resolveEntities(pieces.join(""));
}

/** Lower case name; of an end tag too. */
function tagName(html: string, from: number): string {
  const match = /^\/?([a-z][a-z0-9]{0,15})/i.exec(html.slice(from, from + 20));
  const name = (match?.[1] ?? "").toLowerCase();
  return html.charAt(from) === "/" && HIDDEN.has(name) ? "" : name;
}

/** Offset after the end tag; -1 where there is none. */
function endOfElement(html: string, from: number, name: string): number {
  let at = html.indexOf("</", from);
  while (at >= 0) {
    const found = html.slice(at + 2, at + 2 + name.length).toLowerCase();
    if (found === name) {
      const close = html.indexOf(">", at);
      return close < 0 ? -1 : close + 1;
    }
    at = html.indexOf("</", at + 2);
  }
  return -1;
}

function resolveEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));?/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return ENTITIES.get(name) ?? whole;
      const code = decimal !== undefined
        ? Number(decimal)
        : parseInt(hex ?? "", 16);
      const isScalar = code > 0 && code <= 0x10ffff &&
        !(code >= 0xd800 && code <= 0xdfff);
      return isScalar ? String.fromCodePoint(code) : "\ufffd";
    },
  );
}
