/**
 * Brings the mail of a source into an account: folders, flags and dates kept,
 * in batches that are stored all or none, so that an import can be broken off
 * at any moment and begun again without losing or doubling a message.
 */
import type { Connection } from "#src/net/connection.ts";
import { CommandRefused, ImapPipe, quoteMailbox } from "./imap_pipe.ts";
import type { PipedMessage } from "./imap_pipe.ts";
import { importableName } from "./folder_names.ts";
import type { Batch, Journal } from "./journal.ts";
import type { MailSource, SourceFolder, SourceMessage } from "./mail_source.ts";
import type { Progress } from "./progress.ts";

const BATCH_MESSAGES = 200;
const BATCH_BYTES = 4 * 1024 * 1024;

/** What came of an import. */
export interface ImportOutcome {
  readonly folders: number;
  readonly messages: number;
  /** Messages that an earlier run had brought. */
  readonly skipped: number;
  /** Messages that our server did not take, and why. */
  readonly refused: readonly ImportRefusal[];
}

/** A message, or a whole mailbox, that was left out. */
export interface ImportRefusal {
  readonly mailbox: string;
  /** `undefined`: all of the mailbox. */
  readonly key: string | undefined;
  readonly reason: string;
}

/** What an import works with. */
export interface ImportOptions {
  readonly source: MailSource;
  readonly connection: Connection;
  readonly journal: Journal;
  readonly progress: Progress;
  /** Prepended to the names of folders, as `Old/`. */
  readonly prefix: string;
}

/** Runs an import to its end. */
export async function importMail(
  options: ImportOptions,
): Promise<ImportOutcome> {
  const run = new ImportRun(options, await ImapPipe.open(options.connection));
  return await run.run();
}

interface Loaded {
  readonly key: string;
  readonly message: PipedMessage;
}

class ImportRun {
  readonly #options: ImportOptions;
  readonly #pipe: ImapPipe;
  readonly #refused: ImportRefusal[] = [];
  #messages = 0;
  #skipped = 0;
  #folders = 0;
  #batch: Loaded[] = [];
  #batchBytes = 0;

  constructor(options: ImportOptions, pipe: ImapPipe) {
    this.#options = options;
    this.#pipe = pipe;
  }

  async run(): Promise<ImportOutcome> {
    await this.#settleLast();
    for await (const folder of this.#options.source.folders()) {
      await this.#folder(folder);
      this.#folders++;
    }
    await this.#pipe.logout();
    return {
      folders: this.#folders,
      messages: this.#messages,
      skipped: this.#skipped,
      refused: this.#refused,
    };
  }

  /** Whether the batch of which a run before knows no end is there. */
  async #settleLast(): Promise<void> {
    const { journal } = this.#options;
    const batch = journal.unsettled;
    if (batch === undefined) return;
    let isThere = false;
    try {
      isThere = await this.#isThere(batch);
    } catch (error) {
      // The mailbox is gone since.
      if (!(error instanceof CommandRefused)) throw error;
    }
    await journal.settle(isThere ? "stored" : "absent");
  }

  async #isThere(batch: Batch): Promise<boolean> {
    const mailbox = quoteMailbox(batch.mailbox);
    await this.#pipe.command(`EXAMINE ${mailbox}`);
    const sizes: number[] = [];
    const range = `${batch.uidNext}:*`;
    await this.#pipe.command(`UID FETCH ${range} (RFC822.SIZE)`, ({ text }) => {
      const uid = Number(/UID ([0-9]+)/.exec(text)?.[1] ?? 0);
      const size = /RFC822\.SIZE ([0-9]+)/.exec(text)?.[1];
      // "*" is a message before the range where there is none in it.
      if (uid >= batch.uidNext && size !== undefined) sizes.push(Number(size));
    });
    await this.#pipe.command("UNSELECT");
    return contains(sizes, batch.sizes);
  }

  async #folder(folder: SourceFolder): Promise<void> {
    const { journal, prefix, progress } = this.#options;
    const name = importableName(folder.name);
    const mailbox = prefix === "" || name !== "INBOX"
      ? `${prefix}${name}`
      : `${prefix}Inbox`;
    progress.folder(mailbox);
    try {
      await this.#ensure(mailbox, folder.specialUse);
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error;
      const reason = error.message;
      this.#refused.push({ mailbox, key: undefined, reason });
      return;
    }
    const isDone = (key: string): boolean => journal.has(mailbox, key);
    for await (const message of folder.messages(isDone)) {
      if (isDone(message.key)) {
        this.#skipped++;
        continue;
      }
      await this.#take(mailbox, message);
    }
    await this.#flush(mailbox);
  }

  async #ensure(
    mailbox: string,
    specialUse: string | undefined,
  ): Promise<void> {
    if (mailbox === "INBOX") return;
    const name = quoteMailbox(mailbox);
    const [found] = await this.#pipe.command(`LIST "" ${name}`);
    // The parent of a mailbox may be nothing but a name.
    const isThere = found?.text.startsWith("* LIST") === true &&
      !/\\(?:Noselect|NonExistent)/i.test(found.text);
    if (isThere) return;
    if (specialUse !== undefined) {
      try {
        await this.#pipe.command(`CREATE ${name} (USE (${specialUse}))`);
        await this.#pipe.command(`SUBSCRIBE ${name}`);
        return;
      } catch (error) {
        // Another mailbox has that use already: this one has none.
        if (!(error instanceof CommandRefused)) throw error;
      }
    }
    await this.#pipe.command(`CREATE ${name}`);
    await this.#pipe.command(`SUBSCRIBE ${name}`);
  }

  async #take(mailbox: string, source: SourceMessage): Promise<void> {
    const bytes = await source.bytes();
    const { key, date } = source;
    const flags = source.flags.filter(isFlag);
    this.#batch.push({ key, message: { flags, date, bytes } });
    this.#batchBytes += bytes.length;
    const isFull = this.#batch.length >= BATCH_MESSAGES ||
      this.#batchBytes >= BATCH_BYTES;
    if (isFull) await this.#flush(mailbox);
  }

  async #flush(mailbox: string): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    if (batch.length > 0) await this.#send(mailbox, batch);
  }

  /** Sends a batch; where it is refused, each message alone. */
  async #send(mailbox: string, batch: readonly Loaded[]): Promise<void> {
    const { journal, progress } = this.#options;
    await journal.begin({
      mailbox,
      uidNext: await this.#uidNext(mailbox),
      keys: batch.map(({ key }) => key),
      sizes: batch.map(({ message }) => message.bytes.length),
    });
    try {
      await this.#pipe.append(mailbox, batch.map(({ message }) => message));
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error;
      await journal.settle("absent");
      if (batch.length > 1) {
        for (const one of batch) await this.#send(mailbox, [one]);
        return;
      }
      const [only] = batch;
      const reason = error.message;
      this.#refused.push({ mailbox, key: only?.key, reason });
      return;
    }
    await journal.settle("stored");
    this.#messages += batch.length;
    progress.add(batch.length);
  }

  async #uidNext(mailbox: string): Promise<number> {
    const [status] = await this.#pipe.command(
      `STATUS ${quoteMailbox(mailbox)} (UIDNEXT)`,
    );
    return Number(/UIDNEXT ([0-9]+)/.exec(status?.text ?? "")?.[1] ?? 1);
  }
}

/** A flag that APPEND takes; others of the source mean nothing here. */
function isFlag(flag: string): boolean {
  const isSystem = /^\\(?:Seen|Answered|Flagged|Deleted|Draft)$/i.test(flag);
  // RFC 9051 section 9 (atom): printable ASCII but for these.
  return isSystem || /^(?:(?![(){%*"\]\\])[!-~])+$/.test(flag);
}

/** Whether `part` stands somewhere in `all` in one piece. */
function contains(all: readonly number[], part: readonly number[]): boolean {
  if (part.length === 0) return true;
  for (let from = 0; from + part.length <= all.length; from++) {
    if (part.every((value, i) => all[from + i] === value)) return true;
  }
  return false;
}
