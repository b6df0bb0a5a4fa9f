/**
 * Writes an account's mail into files: mailboxes, flags and dates kept. What
 * an earlier export into the same place has written is not written again.
 */
import type { Connection } from "#src/net/connection.ts";
import { tryDecodeUtf7 } from "#src/imap/wire/utf7.ts";
import { ImapPipe, quoteMailbox, type Untagged } from "./imap_pipe.ts";
import type { Progress } from "./progress.ts";

/** A message on its way out. */
export interface ExportedMessage {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly date: Date;
  readonly bytes: Uint8Array;
}

/** One mailbox of the export. */
export interface MailboxWriter {
  /** Messages up to this UID are there already. */
  readonly lastUid: number;
  write(message: ExportedMessage): Promise<void>;
  close(): Promise<void>;
}

/** A place to export to. */
export interface MailTarget {
  /** Opens a mailbox; one of another UIDVALIDITY is begun anew. */
  open(mailbox: string, uidValidity: number): Promise<MailboxWriter>;
}

/** What came of an export. */
export interface ExportOutcome {
  readonly folders: number;
  readonly messages: number;
}

/** Messages asked for at once: a broken export repeats no more. */
const BATCH_UIDS = 1_000;

/** Runs an export to its end. */
export async function exportMail(
  connection: Connection,
  target: MailTarget,
  progress: Progress,
): Promise<ExportOutcome> {
  const pipe = await ImapPipe.open(connection);
  const mailboxes = await listMailboxes(pipe);
  for (const mailbox of mailboxes) {
    progress.folder(mailbox);
    await exportMailbox(pipe, mailbox, target, progress);
  }
  await pipe.logout();
  return { folders: mailboxes.length, messages: progress.messages };
}

async function listMailboxes(pipe: ImapPipe): Promise<string[]> {
  const names: string[] = [];
  await pipe.command('LIST "" "*"', ({ text, literals }) => {
    const match = /^\* LIST \(([^)]*)\) (?:"."|NIL) (.+)$/.exec(text);
    const [, attributes = "", rest = ""] = match ?? [];
    if (match === null || /\\Noselect|\\NonExistent/i.test(attributes)) return;
    const [literal] = literals;
    const raw = literal === undefined
      ? rest.replace(/^"(.*)"$/, "$1").replaceAll(/\\(["\\])/g, "$1")
      : new TextDecoder().decode(literal);
    const name = tryDecodeUtf7(raw) ?? raw;
    // What others share is theirs to export.
    if (!name.startsWith("Other Users/")) names.push(name);
  });
  return names;
}

async function exportMailbox(
  pipe: ImapPipe,
  mailbox: string,
  target: MailTarget,
  progress: Progress,
): Promise<void> {
  const answers = await pipe.command(`EXAMINE ${quoteMailbox(mailbox)}`);
  const number = (code: string): number => {
    const pattern = new RegExp(`\\[${code} ([0-9]+)\\]`);
    const found = answers.map(({ text }) => pattern.exec(text)?.[1])
      .find((value) => value !== undefined);
    return Number(found ?? 0);
  };
  const uidNext = number("UIDNEXT");
  const writer = await target.open(mailbox, number("UIDVALIDITY"));
  try {
    for (let uid = writer.lastUid + 1; uid < uidNext; uid += BATCH_UIDS) {
      const last = Math.min(uid + BATCH_UIDS, uidNext) - 1;
      await pipe.command(
        `UID FETCH ${uid}:${last} (UID FLAGS INTERNALDATE BODY.PEEK[])`,
        async (response) => {
          const message = readMessage(response);
          if (message === undefined) return;
          await writer.write(message);
          progress.add(1);
        },
      );
    }
  } finally {
    await writer.close();
  }
  await pipe.command("UNSELECT");
}

/** A FETCH with everything that was asked for. */
function readMessage(
  { text, literals }: Untagged,
): ExportedMessage | undefined {
  const uid = /[( ]UID ([0-9]+)/.exec(text)?.[1];
  const flags = /FLAGS \(([^)]*)\)/.exec(text)?.[1];
  const date = /INTERNALDATE "([^"]+)"/.exec(text)?.[1];
  const bytes = literals[0] ?? (/BODY\[\] ""/.test(text) ? EMPTY : undefined);
  if (uid === undefined || flags === undefined || date === undefined) {
    return undefined;
  }
  if (bytes === undefined) return undefined;
  return {
    uid: Number(uid),
    flags: flags.split(" ").filter((flag) =>
      flag !== "" && flag !== "\\Recent"
    ),
    date: readDate(date),
    bytes,
  };
}

/** `17-Jul-1996 02:44:25 +0000`. */
function readDate(text: string): Date {
  const [day = "", time = "", zone = ""] = text.trim().split(" ");
  return new Date(`${day.replaceAll("-", " ")} ${time} ${zone}`);
}

const EMPTY: Uint8Array = new Uint8Array(0);
