/**
 * What a transfer has done, so that it can be broken off and begun again: one
 * line a batch before it is sent, one after it was acknowledged. A batch that
 * was sent and of whose end nothing is known is looked for in the mailbox.
 */

/** A batch of messages of one folder. */
export interface Batch {
  readonly mailbox: string;
  /** UIDNEXT of the mailbox before it. */
  readonly uidNext: number;
  readonly keys: readonly string[];
  /** Sizes of the messages, in their order. */
  readonly sizes: readonly number[];
}

type Entry =
  | { readonly begin: Batch }
  /** The last batch is in the mailbox. */
  | { readonly done: true }
  /** The last batch is not. */
  | { readonly done: false };

/** The journal of one source and account. */
export class Journal {
  readonly #file: Deno.FsFile;
  readonly #done = new Map<string, Set<string>>();
  #open: Batch | undefined;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** Opens the journal; what a broken-off run wrote is read. */
  static async open(path: string): Promise<Journal> {
    const text = await readIfThere(path);
    const file = await Deno.open(path, {
      create: true,
      append: true,
      mode: 0o600,
    });
    const journal = new Journal(file);
    for (const line of text.split("\n")) {
      const entry = tryParse(line);
      if (entry === undefined) continue;
      if ("begin" in entry) journal.#open = entry.begin;
      else journal.#settle(entry.done);
    }
    // A line that broke off must not spoil the next one.
    if (text !== "" && !text.endsWith("\n")) await journal.#write("\n");
    return journal;
  }

  /** A batch that was begun and not ended. */
  get unsettled(): Batch | undefined {
    return this.#open;
  }

  /** Messages that are in their mailbox. */
  get count(): number {
    let count = 0;
    for (const keys of this.#done.values()) count += keys.size;
    return count;
  }

  has(mailbox: string, key: string): boolean {
    return this.#done.get(mailbox)?.has(key) === true;
  }

  async begin(batch: Batch): Promise<void> {
    this.#open = batch;
    await this.#append({ begin: batch });
  }

  /** Says what became of the batch that was begun. */
  async settle(outcome: "stored" | "absent"): Promise<void> {
    const done = outcome === "stored";
    this.#settle(done);
    await this.#append({ done });
  }

  close(): void {
    this.#file.close();
  }

  #settle(done: boolean): void {
    const batch = this.#open;
    this.#open = undefined;
    if (batch === undefined || !done) return;
    const keys = this.#done.get(batch.mailbox) ?? new Set<string>();
    for (const key of batch.keys) keys.add(key);
    this.#done.set(batch.mailbox, keys);
  }

  #append(entry: Entry): Promise<void> {
    return this.#write(`${JSON.stringify(entry)}\n`);
  }

  async #write(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    for (let written = 0; written < bytes.length;) {
      written += await this.#file.write(bytes.subarray(written));
    }
  }
}

function tryParse(line: string): Entry | undefined {
  if (line === "") return undefined;
  try {
    return JSON.parse(line) as Entry;
  } catch {
    // The run was broken off while it wrote this.
    return undefined;
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
