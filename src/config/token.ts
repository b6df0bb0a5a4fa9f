/** The tokens of the configuration language. */
import type { Position } from "#src/config/node.ts";

/** One token. */
export interface Token {
  readonly kind: "word" | "open" | "close" | "newline" | "comment";
  readonly at: Position;
  /** Content of a word: quotes removed, escapes decoded. Text of a comment. */
  readonly text: string;
  /** Written in quotes or as heredoc. */
  readonly quoted: boolean;
  /** As it stands in the file; a heredoc's opening word. */
  readonly raw: string;
  /** The line was joined with `\` before this token. */
  readonly joined: boolean;
  readonly heredoc: boolean;
}
