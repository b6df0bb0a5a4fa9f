/** Names of folders elsewhere, as mailbox names here. */
import { tryDecodeUtf7 } from "#src/imap/wire/utf7.ts";

/** Levels as they are on disk, perhaps in modified UTF-7, as one name. */
export function decodeMailboxName(levels: readonly string[]): string {
  const name = levels
    .map((level) => (tryDecodeUtf7(level) ?? level).replaceAll("/", "-"))
    .filter((level) => level !== "")
    .join("/")
    .normalize("NFC");
  return /^inbox$/i.test(name) || name === "" ? "INBOX" : name;
}

/**
 * The name under which a mailbox can be here: controls and what LIST takes for
 * wildcards become `_`.
 */
export function importableName(name: string): string {
  return name.replaceAll(/[\p{Cc}*%\u2028\u2029]/gu, "_");
}

/** One level as a name of a file: nothing that leads elsewhere. */
export function fileNameOf(level: string): string {
  const plain = level.replaceAll(/[\p{Cc}/\\:*?"<>|]/gu, "_");
  return /^\.+$/.test(plain) || plain === "" ? `_${plain}` : plain;
}
