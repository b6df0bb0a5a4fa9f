/** What the small letters in the names of Maildir files mean. */
import { join } from "node:path";

/** Dovecot's `dovecot-keywords`: a number and a name a line. None: none. */
export async function readKeywords(folder: string): Promise<string[]> {
  const keywords: string[] = [];
  try {
    const text = await Deno.readTextFile(join(folder, "dovecot-keywords"));
    for (const [, number, name] of text.matchAll(/^([0-9]{1,2}) (\S+)$/gm)) {
      if (name !== undefined) keywords[Number(number)] = name;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return keywords;
}
