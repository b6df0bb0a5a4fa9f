/**
 * Exports into mbox files, one a mailbox, in the form mboxrd (RFC 4155): lines
 * that begin with `From ` are quoted, flags are in `Status`, `X-Status` and
 * `X-Keywords`. Beside each file `.NAME.epistle` says how far it is right, so
 * that a broken export goes on where the last whole message ended.
 */
import { basename, dirname, join } from "node:path";
import { findHeaderEnd } from "#src/message/header_block.ts";
import type {
  ExportedMessage,
  MailboxWriter,
  MailTarget,
} from "./export_mail.ts";
import { fileNameOf } from "./folder_names.ts";
import { toLf } from "./line_ends.ts";
import { statusLines } from "./maildir_flags.ts";

/** Messages between two notes of how far the file is right. */
const NOTE_EVERY = 100;

/** How far a file is right. */
interface Mark {
  readonly uidValidity: number;
  readonly uid: number;
  readonly length: number;
}

/** A place to export to. */
export function mboxTarget(root: string): MailTarget {
  return {
    async open(mailbox, uidValidity): Promise<MailboxWriter> {
      const path = pathOf(root, mailbox);
      await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const note = join(dirname(path), `.${basename(path)}.epistle`);
      const mark = await readMark(note, uidValidity);
      const file = await Deno.open(path, {
        write: true,
        create: true,
        mode: 0o600,
      });
      await file.truncate(mark.length);
      await file.seek(0, Deno.SeekMode.End);
      return new MboxWriter(file, note, mark);
    },
  };
}

/** `Archive/2025` is `Archive.sbd/2025`, as Thunderbird has it. */
function pathOf(root: string, mailbox: string): string {
  const levels = mailbox.split("/").map(fileNameOf);
  const last = levels.pop() ?? mailbox;
  return join(root, ...levels.map((level) => `${level}.sbd`), last);
}

class MboxWriter implements MailboxWriter {
  readonly lastUid: number;
  readonly #file: Deno.FsFile;
  readonly #note: string;
  #mark: Mark;
  #unnoted = 0;

  constructor(file: Deno.FsFile, note: string, mark: Mark) {
    this.#file = file;
    this.#note = note;
    this.#mark = mark;
    this.lastUid = mark.uid;
  }

  async write({ uid, flags, date, bytes }: ExportedMessage): Promise<void> {
    const content = quote(withStatus(toLf(bytes), flags));
    const encoder = new TextEncoder();
    const isEnded = content.at(-1) === LF;
    const parts = [
      encoder.encode(`From MAILER-DAEMON ${fromDate(date)}\n`),
      content,
      encoder.encode(isEnded ? "\n" : "\n\n"),
    ];
    let length = this.#mark.length;
    for (const part of parts) {
      await writeAll(this.#file, part);
      length += part.length;
    }
    this.#mark = { ...this.#mark, uid, length };
    if (++this.#unnoted >= NOTE_EVERY) await this.#writeNote();
  }

  async close(): Promise<void> {
    await this.#writeNote();
    this.#file.close();
  }

  async #writeNote(): Promise<void> {
    this.#unnoted = 0;
    await this.#file.syncData();
    const temporary = `${this.#note}.tmp`;
    await Deno.writeTextFile(temporary, JSON.stringify(this.#mark));
    await Deno.rename(temporary, this.#note);
  }
}

async function readMark(note: string, uidValidity: number): Promise<Mark> {
  try {
    const mark = JSON.parse(await Deno.readTextFile(note)) as Mark;
    if (mark.uidValidity === uidValidity) return mark;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return { uidValidity, uid: 0, length: 0 };
}

const LF = 0x0a;
const QUOTE = 0x3e;
const FROM = new TextEncoder().encode("From ");

/** The lines of the flags at the end of the header. */
function withStatus(message: Uint8Array, flags: readonly string[]): Uint8Array {
  const end = findHeaderEnd(message);
  // Before the empty line; a message without one is header alone.
  const at = end === undefined ? message.length : end - 1;
  const isInLine = at > 0 && message[at - 1] !== LF;
  const lines = new TextEncoder()
    .encode(`${isInLine ? "\n" : ""}${statusLines(flags)}`);
  const result = new Uint8Array(message.length + lines.length);
  result.set(message.subarray(0, at));
  result.set(lines, at);
  result.set(message.subarray(at), at + lines.length);
  return result;
}

/** Every line of `>`s and `From ` gets one more `>`. */
function quote(message: Uint8Array): Uint8Array {
  const starts: number[] = [];
  for (let start = 0; start < message.length;) {
    let at = start;
    while (message[at] === QUOTE) at++;
    if (FROM.every((byte, i) => message[at + i] === byte)) starts.push(start);
    const end = message.indexOf(LF, start);
    start = end < 0 ? message.length : end + 1;
  }
  if (starts.length === 0) return message;
  const result = new Uint8Array(message.length + starts.length);
  let from = 0;
  let to = 0;
  for (const start of starts) {
    result.set(message.subarray(from, start), to);
    to += start - from;
    result[to++] = QUOTE;
    from = start;
  }
  result.set(message.subarray(from), to);
  return result;
}

/** `Thu Jan  1 00:00:00 2026`, in UTC. RFC 4155 appendix A. */
function fromDate(date: Date): string {
  // "Thu, 01 Jan 2026 00:00:00 GMT"
  const [weekday, , month] = date.toUTCString().split(/,? /);
  const day = String(date.getUTCDate()).padStart(2, " ");
  const time = date.toISOString().slice(11, 19);
  return `${weekday} ${month} ${day} ${time} ${date.getUTCFullYear()}`;
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
}
