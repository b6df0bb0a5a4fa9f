/** Flags in the names of Maildir files and in the headers of mbox files. */

/** Letters after `:2,`. https://cr.yp.to/proto/maildir.html */
const LETTERS: readonly (readonly [letter: string, flag: string])[] = [
  ["D", "\\Draft"],
  ["F", "\\Flagged"],
  ["R", "\\Answered"],
  ["S", "\\Seen"],
  ["T", "\\Deleted"],
];

/** Most keywords that Dovecot keeps in a Maildir: `a` to `z`. */
export const MAX_MAILDIR_KEYWORDS = 26;

/** Flags of a file name; small letters are keywords by their number. */
export function flagsOfName(
  name: string,
  keywords: readonly string[],
): string[] {
  const info = /:2,([A-Za-z]*)$/.exec(name)?.[1] ?? "";
  return [...info].flatMap((letter) => {
    const known = LETTERS.find(([one]) => one === letter)?.[1];
    if (known !== undefined) return known;
    const number = letter.charCodeAt(0) - "a".charCodeAt(0);
    return keywords[number] ?? [];
  });
}

/** The letters of flags, in ASCII order as the convention has it. */
export function lettersOf(
  flags: readonly string[],
  keywords: readonly string[],
): string {
  const letters = flags.flatMap((flag) => {
    const known = LETTERS.find(([, one]) => one === flag)?.[0];
    if (known !== undefined) return known;
    const number = keywords.indexOf(flag);
    return number >= 0 && number < MAX_MAILDIR_KEYWORDS
      ? String.fromCharCode("a".charCodeAt(0) + number)
      : [];
  });
  return letters.sort().join("");
}

/** Letters of `Status` and `X-Status` in mbox files. */
const STATUS: readonly (readonly [letter: string, flag: string])[] = [
  ["R", "\\Seen"],
  ["A", "\\Answered"],
  ["F", "\\Flagged"],
  ["T", "\\Draft"],
  ["D", "\\Deleted"],
];

/** Flags of the values of `Status`, `X-Status` and `X-Keywords`. */
export function flagsOfStatus(
  status: string,
  xStatus: string,
  xKeywords: string,
): string[] {
  const letters = status + xStatus;
  const flags = STATUS.filter(([letter]) => letters.includes(letter))
    .map(([, flag]) => flag);
  const keywords = xKeywords.split(/[\s,]+/).filter((word) => word !== "");
  return [...flags, ...keywords];
}

/** Bits of `X-Mozilla-Status`, which is hexadecimal. */
const MOZILLA: readonly (readonly [bit: number, flag: string])[] = [
  [0x0001, "\\Seen"],
  [0x0002, "\\Answered"],
  [0x0004, "\\Flagged"],
  [0x1000, "$Forwarded"],
];
const MOZILLA_EXPUNGED = 0x0008;

/**
 * Flags of the values of `X-Mozilla-Status` and `X-Mozilla-Keys`; `undefined`:
 * the message has been deleted.
 */
export function flagsOfMozilla(
  status: string,
  keys: string,
): string[] | undefined {
  const bits = /^[0-9a-f]{1,8}$/i.test(status)
    ? Number.parseInt(status, 16)
    : 0;
  if ((bits & MOZILLA_EXPUNGED) !== 0) return undefined;
  const flags = MOZILLA.filter(([bit]) => (bits & bit) !== 0)
    .map(([, flag]) => flag);
  return [...flags, ...keys.split(/\s+/).filter((word) => word !== "")];
}

/** The header lines that say the same, each with its line end. */
export function statusLines(flags: readonly string[]): string {
  const letters = (wanted: string): string =>
    STATUS.filter(([letter, flag]) =>
      wanted.includes(letter) && flags.includes(flag)
    ).map(([letter]) => letter).join("");
  const keywords = flags.filter((flag) => !flag.startsWith("\\"));
  return [
    `Status: ${letters("R")}O\n`,
    letters("AFTD") === "" ? "" : `X-Status: ${letters("AFTD")}\n`,
    keywords.length === 0 ? "" : `X-Keywords: ${keywords.join(" ")}\n`,
  ].join("");
}
