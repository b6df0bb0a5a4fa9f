/**
 * Charsets of search texts. RFC 9051 section 6.4.4: UTF-8 and US-ASCII have to
 * be known; old clients write what their user's machine has.
 */
import { lowerAscii } from "./ascii.ts";

/** Decodes; `undefined` where the bytes are not of the charset. */
export type Charset = (bytes: Uint8Array) => string | undefined;

/** What `TextDecoder` knows under the name that mail has for it. */
const OTHERS: ReadonlySet<string> = new Set([
  ...Array.from({ length: 11 }, (_, n) => `iso-8859-${n + 1}`),
  ..."iso-8859-13 iso-8859-14 iso-8859-15 iso-8859-16".split(" "),
  ...Array.from({ length: 9 }, (_, n) => `windows-125${n}`),
  ..."koi8-r koi8-u gb18030 gbk gb2312 big5 euc-jp euc-kr".split(" "),
  ..."shift_jis iso-2022-jp".split(" "),
]);

/** The charset of that name. */
export function findCharset(name: string): Charset | undefined {
  const label = lowerAscii(name);
  if (label === "utf-8" || label === "us-ascii") return decoderOf("utf-8");
  return OTHERS.has(label) ? decoderOf(label) : undefined;
}

function decoderOf(label: string): Charset {
  const decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
  return (bytes) => {
    if (bytes.includes(0)) return undefined;
    try {
      return decoder.decode(bytes);
    } catch {
      // A TypeError says that the bytes are not of the charset.
      return undefined;
    }
  };
}
