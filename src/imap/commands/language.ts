/** LANGUAGE. RFC 5255 section 3. All answers are in English. */
import { ANY_STATE, defineCommand } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { asciiText, lowerAscii } from "#src/imap/wire/ascii.ts";

/** Most languages in one command: nobody speaks more. */
const MAX_LANGUAGES = 50;

export const language = defineCommand({
  name: "LANGUAGE",
  states: ANY_STATE,
  capability: "LANGUAGE",
  parse(cursor) {
    const ranges: string[] = [];
    while (cursor.trySp()) {
      if (ranges.length >= MAX_LANGUAGES) cursor.fail("fewer languages");
      ranges.push(lowerAscii(asciiText(cursor.astring())));
    }
    cursor.end();
    return ranges;
  },
  run(session, ranges) {
    const { out } = session;
    if (ranges.length === 0) {
      out.line("* LANGUAGE (en i-default)");
      return Promise.resolve({ text: "That is all" });
    }
    for (const range of ranges) {
      const tag = tagOf(range);
      if (tag === undefined) continue;
      out.line(`* LANGUAGE (${tag})`);
      return Promise.resolve({ text: "Understood" });
    }
    throw new ImapError("NO", "Answers are in English only");
  },
});

/** The language for a range (RFC 4647), in lower case. */
function tagOf(range: string): "en" | "i-default" | undefined {
  if (range === "i-default") return "i-default";
  const isEnglish = range === "en" || range.startsWith("en-") ||
    range === "*" || range === "default";
  return isEnglish ? "en" : undefined;
}
