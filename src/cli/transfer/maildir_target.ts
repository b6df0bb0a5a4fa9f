/**
 * Exports into a Maildir with folders beside it (Maildir++): what Dovecot,
 * Courier, mutt and `epistle import maildir` read. Each file is complete before
 * it gets its name, so a broken export leaves nothing half.
 */
import { join } from "node:path";
import { encodeUtf7 } from "#src/imap/wire/utf7.ts";
import type {
  ExportedMessage,
  MailboxWriter,
  MailTarget,
} from "./export_mail.ts";
import { fileNameOf } from "./folder_names.ts";
import { toLf } from "./line_ends.ts";
import { readKeywords } from "./maildir_keywords.ts";
import { lettersOf, MAX_MAILDIR_KEYWORDS } from "./maildir_flags.ts";

/** A place to export to. */
export function maildirTarget(root: string): MailTarget {
  return {
    async open(mailbox, uidValidity): Promise<MailboxWriter> {
      const folder = join(root, folderName(mailbox));
      for (const name of ["cur", "new", "tmp"]) {
        await Deno.mkdir(join(folder, name), { recursive: true, mode: 0o700 });
      }
      if (mailbox !== "INBOX") {
        await Deno.writeTextFile(join(folder, "maildirfolder"), "");
      }
      const lastUid = await highestUid(join(folder, "cur"), uidValidity);
      // Letters of an earlier export keep what they mean.
      const keywords = await readKeywords(folder);
      return new MaildirWriter(folder, { uidValidity, lastUid, keywords });
    },
  };
}

/** Levels are separated by dots, which a level can then not have. */
function folderName(mailbox: string): string {
  if (mailbox === "INBOX") return "";
  const levels = mailbox.split("/")
    .map((level) => encodeUtf7(fileNameOf(level)).replaceAll(".", "_"));
  return `.${levels.join(".")}`;
}

class MaildirWriter implements MailboxWriter {
  readonly lastUid: number;
  readonly #folder: string;
  readonly #uidValidity: number;
  readonly #keywords: string[];

  constructor(
    folder: string,
    { uidValidity, lastUid, keywords }: {
      readonly uidValidity: number;
      readonly lastUid: number;
      readonly keywords: string[];
    },
  ) {
    this.#folder = folder;
    this.#uidValidity = uidValidity;
    this.lastUid = lastUid;
    this.#keywords = keywords;
  }

  async write(message: ExportedMessage): Promise<void> {
    const { uid, date, flags, bytes } = message;
    await this.#noteKeywords(flags);
    const seconds = Math.trunc(date.getTime() / 1_000);
    const unique = `${seconds}.V${this.#uidValidity}U${uid}.epistle`;
    const temporary = join(this.#folder, "tmp", unique);
    const info = `:2,${lettersOf(flags, this.#keywords)}`;
    await Deno.writeFile(temporary, toLf(bytes), { mode: 0o600 });
    await Deno.utime(temporary, date, date);
    await Deno.rename(temporary, join(this.#folder, "cur", unique + info));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Keywords get letters; Dovecot keeps which in this file. */
  async #noteKeywords(flags: readonly string[]): Promise<void> {
    const fresh = flags.filter((flag) =>
      !flag.startsWith("\\") && !this.#keywords.includes(flag)
    );
    if (fresh.length === 0) return;
    this.#keywords.push(...fresh);
    const lines = this.#keywords.slice(0, MAX_MAILDIR_KEYWORDS)
      .map((name, number) => `${number} ${name}\n`);
    const path = join(this.#folder, "dovecot-keywords");
    await Deno.writeTextFile(path, lines.join(""));
  }
}

/** The last message that an earlier export of the same mailbox wrote. */
async function highestUid(cur: string, uidValidity: number): Promise<number> {
  let highest = 0;
  for await (const { name } of Deno.readDir(cur)) {
    const match = /\.V([0-9]+)U([0-9]+)\.epistle/.exec(name);
    if (Number(match?.[1]) !== uidValidity) continue;
    highest = Math.max(highest, Number(match?.[2]));
  }
  return highest;
}
