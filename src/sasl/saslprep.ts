/**
 * SASLprep of user names and passwords: RFC 4013 with Unicode NFKC instead of
 * that of Unicode 3.2, and without the tables of unassigned code points.
 */

/** Mapped to a space. RFC 3454 table C.1.2. */
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;

/** Mapped to nothing. RFC 3454 table B.1. */
const NOTHING = new RegExp(
  "[\\u00ad\\u034f\\u1806\\u180b-\\u180d\\u200b-\\u200d\\u2060" +
    "\\ufe00-\\ufe0f\\ufeff]",
  "g",
);

/** Prohibited. RFC 3454 tables C.2.1 to C.9. */
const PROHIBITED = new RegExp(
  "[\\u0000-\\u001f\\u007f-\\u009f\\u06dd\\u070f\\u180e\\u200e\\u200f" +
    "\\u2028-\\u202e\\u2061-\\u2063\\u206a-\\u206f\\u2ff0-\\u2ffb" +
    "\\ud800-\\udfff\\ue000-\\uf8ff\\ufdd0-\\ufdef\\ufff9-\\uffff" +
    "\\u{e0001}\\u{e0020}-\\u{e007f}\\u{f0000}-\\u{10ffff}]",
  "u",
);

/** The prepared text; `undefined` where it may not be used. */
export function trySaslprep(text: string): string | undefined {
  const prepared = text.replace(NOTHING, "").replace(SPACES, " ")
    .normalize("NFKC");
  if (PROHIBITED.test(prepared)) return undefined;
  return prepared;
}
