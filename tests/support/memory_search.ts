/** SEARCH for `MemoryStorage`: plain, on ASCII text. */
import { bitOf, hasBit } from "#src/imap/flags.ts";
import type { SearchDate, SearchKey } from "#src/imap/search_key.ts";
import type { StoredMessage } from "#tests/support/memory_storage.ts";

/** Whether the message matches. */
export function memorySearch(
  message: StoredMessage,
  key: SearchKey,
  keywords: readonly string[],
): boolean {
  const test = (one: SearchKey): boolean =>
    memorySearch(message, one, keywords);
  const header = text(message.header);
  const has = (where: string, what: string): boolean =>
    where.toLowerCase().includes(what.toLowerCase());
  switch (key.kind) {
    case "all":
      return true;
    case "and":
      return key.keys.every(test);
    case "or":
      return test(key.left) || test(key.right);
    case "not":
      return !test(key.key);
    case "uid":
      return key.ranges.some(([a, b]) => message.uid >= a && message.uid <= b);
    case "flag": {
      const bit = bitOf(key.flag, keywords);
      return bit !== undefined && hasBit(message.flags, bit);
    }
    case "internalDate":
      return compare(message.internalDate, key.op, key.date);
    case "sentDate":
      return message.summary.sentAt !== undefined &&
        compare(message.summary.sentAt, key.op, key.date);
    case "within": {
      const isYoung = message.internalDate >= Date.now() - key.seconds * 1000;
      return key.op === "younger" ? isYoung : !isYoung;
    }
    case "size": {
      const size = message.header.length + message.body.length;
      return key.op === "larger" ? size > key.bytes : size < key.bytes;
    }
    case "address":
      return has(fieldOf(header, key.field) ?? "", key.text);
    case "subject":
      return has(fieldOf(header, "subject") ?? "", key.text);
    case "header": {
      const value = fieldOf(header, key.name);
      return value !== undefined && has(value, key.text);
    }
    case "body":
      return has(text(message.body), key.text);
    case "text":
      return has(header + text(message.body), key.text);
    case "modseq":
      return message.modSeq >= key.value;
    case "emailId":
      return key.id === `M${message.uid}`;
    case "threadId":
      return key.id === `T${message.uid}`;
    case "savedDate":
      return compare(message.internalDate, key.op, key.date);
    case "fuzzy":
      return test(key.key);
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function fieldOf(header: string, name: string): string | undefined {
  const lines = header.replace(/\r\n[ \t]/g, " ").split("\r\n");
  const line = lines.find((one) =>
    one.toLowerCase().startsWith(`${name.toLowerCase()}:`)
  );
  return line?.slice(name.length + 1).trim();
}

function compare(
  ms: number,
  op: "before" | "on" | "since",
  { year, month, day }: SearchDate,
): boolean {
  const start = Date.UTC(year, month - 1, day);
  if (op === "before") return ms < start;
  if (op === "since") return ms >= start;
  return ms >= start && ms < start + 86_400_000;
}
