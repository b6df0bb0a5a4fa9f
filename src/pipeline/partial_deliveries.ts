/**
 * Remembers what was delivered of a message that was then answered with a
 * temporary failure, so that the client's next try delivers the rest and
 * nothing twice.
 *
 * There is no commit over several deliveries at once. When one has taken the
 * message and another fails, there are three honest answers: success (and the
 * failed part is lost when we are), failure (and the other part comes twice),
 * or failure and remembering. This is the third: the client keeps the message
 * until all of it is delivered. The memory is a small file in the spool folder
 * that all workers see; losing it costs a duplicate, never a message.
 */
import { createHash } from "node:crypto";
import type { Log } from "#src/log/log.ts";
import type { Body } from "#src/message/body.ts";
import type { HeaderBlock } from "#src/message/header_block.ts";

/** How long clients try again. RFC 5321 section 4.5.4.1: at least 4-5 days. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;
/** How old the view of the folder may be; clients wait longer than that. */
const REFRESH_MS = 5_000;
/** Messages remembered at most; the oldest are forgotten. */
const MAX_ENTRIES = 10_000;

/** A message as far as it tells one from another. */
export interface Fingerprinted {
  readonly mailFrom: string;
  /** As received, without our trace fields. */
  readonly header: HeaderBlock;
  readonly body: Body;
}

/** The memory of one worker and, through the folder, of all. */
export class PartialDeliveries {
  readonly #folder: string;
  readonly #log: Log;
  readonly #now: () => number;
  /** Names of files: fingerprint, a dash, and something unique. */
  #names: readonly string[] = [];
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(folder: string, log: Log, now: () => number) {
    this.#folder = `${folder}/partial`;
    this.#log = log;
    this.#now = now;
  }

  /** The parts of this message that were delivered before. */
  async delivered(message: Fingerprinted): Promise<ReadonlySet<string>> {
    await this.#refresh();
    if (this.#names.length === 0) return NOTHING;
    const fingerprint = await fingerprintOf(message);
    const parts = new Set<string>();
    for (const name of this.#names) {
      if (!name.startsWith(`${fingerprint}-`)) continue;
      const text = await this.#read(name);
      if (text === undefined) continue;
      for (const part of JSON.parse(text) as readonly string[]) parts.add(part);
    }
    return parts;
  }

  /** Remembers parts; a failure is logged and costs a duplicate at most. */
  async remember(
    message: Fingerprinted,
    parts: readonly string[],
  ): Promise<void> {
    try {
      const fingerprint = await fingerprintOf(message);
      const name = `${fingerprint}-${crypto.randomUUID()}`;
      await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const path = `${this.#folder}/${name}`;
      const text = JSON.stringify(parts);
      await Deno.writeTextFile(path, text, { createNew: true, mode: 0o600 });
      this.#names = [...this.#names, name];
    } catch (error) {
      this.#log.error("partial delivery not remembered", { error });
    }
  }

  async #refresh(): Promise<void> {
    const now = this.#now();
    if (now - this.#readAt < REFRESH_MS) return;
    this.#readAt = now;
    const names: string[] = [];
    try {
      for await (const { name } of Deno.readDir(this.#folder)) {
        if (names.length < MAX_ENTRIES) names.push(name);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    this.#names = names;
  }

  async #read(name: string): Promise<string | undefined> {
    try {
      return await Deno.readTextFile(`${this.#folder}/${name}`);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Forgets what no client tries again. At start. */
  async sweep(): Promise<void> {
    try {
      for await (const { name } of Deno.readDir(this.#folder)) {
        const path = `${this.#folder}/${name}`;
        const { mtime } = await Deno.stat(path);
        const age = Date.now() - (mtime?.getTime() ?? 0);
        if (age > KEEP_MS) await Deno.remove(path);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

const NOTHING: ReadonlySet<string> = new Set();

async function fingerprintOf(message: Fingerprinted): Promise<string> {
  const hash = createHash("sha256");
  hash.update(`${message.mailFrom}\0`);
  hash.update(message.header.bytes);
  if (message.body.bytes !== undefined) {
    hash.update(message.body.bytes);
  } else {
    for await (const chunk of message.body.open()) hash.update(chunk);
  }
  return hash.digest("hex");
}
