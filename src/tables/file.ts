/**
 * `file`: a table in a text file, read again when it changes.
 *
 * One `key: value, value` a line (as in `/etc/aliases`), or `key value`; `#`
 * begins a comment, a line that begins with a blank continues the one before.
 */
import type { ConfigOf } from "#src/config/directive.ts";
import { path } from "#src/config/places.ts";
import { defineModule } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import type { Table } from "#src/module/roles/table.ts";

const config = {
  path: path({ doc: "The file." }),
};

/** Module `file`. */
export const file = defineModule({
  name: "file",
  version: "1.0.0",
  doc: "A table in a text file, read again when it changes.\n\n" +
    "One `key: value, value` a line. Keys are compared without regard to " +
    "case. While the file is missing, nobody can tell: mail is deferred.",
  roles: ["table"],
  home: "user",
  config,
  permissions: (config) => ({ read: [config.path] }),
  create: (config, host) => ({ table: new FileTable(config, host) }),
});

/** Largest file that is read: a table, not a database. */
const MAX_BYTES = 64 * 1024 * 1024;
/** How old the look at the file's time may be. */
const CHECK_MS = 1_000;

class FileTable implements Table {
  readonly #path: string;
  readonly #host: Host;
  #values: Promise<ReadonlyMap<string, readonly string[]>> | undefined;
  #version = "";
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor({ path }: ConfigOf<typeof config>, host: Host) {
    this.#path = path;
    this.#host = host;
  }

  async lookup(key: string): Promise<readonly string[] | undefined> {
    const values = await this.#current();
    return values.get(key.toLowerCase());
  }

  async #current(): Promise<ReadonlyMap<string, readonly string[]>> {
    const now = this.#host.clock.monotonic();
    if (this.#values !== undefined && now - this.#checkedAt < CHECK_MS) {
      return this.#values;
    }
    const { mtime, size, ino } = await Deno.stat(this.#path);
    if (size > MAX_BYTES) {
      throw new RangeError(`${this.#path} is larger than ${MAX_BYTES} bytes`);
    }
    this.#checkedAt = now;
    const version = `${mtime?.getTime()} ${size} ${ino}`;
    if (this.#values === undefined || version !== this.#version) {
      this.#version = version;
      const reading = Deno.readTextFile(this.#path).then(parseTable);
      this.#values = reading;
      reading.catch(() => this.#values = undefined);
    }
    return this.#values;
  }
}

/** Reads the lines; the same key again adds values. */
export function parseTable(
  text: string,
): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    if (/^[ \t]/.test(line)) {
      current?.push(...splitValues(line));
      continue;
    }
    const match = /^("[^"]*"|[^\s:]+)[ \t]*:?(.*)$/.exec(line);
    const key = match?.[1]?.replace(/^"(.*)"$/, "$1").toLowerCase();
    if (key === undefined) continue;
    current = values.get(key) ?? [];
    current.push(...splitValues(match?.[2] ?? ""));
    values.set(key, current);
  }
  return values;
}

function splitValues(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((value) => value !== "");
}
