/** The positioned tree that a configuration file becomes. */

/** Where a token stands. */
export interface Position {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 units. */
  readonly column: number;
}

/** One word after the name of a directive, with everything expanded. */
export interface Arg {
  readonly text: string;
  readonly at: Position;
  /** Written in quotes or as heredoc: never structural, never a pattern. */
  readonly quoted: boolean;
}

/** One directive with its arguments and, where it has one, its block. */
export interface ConfigNode {
  readonly name: string;
  readonly at: Position;
  readonly args: readonly Arg[];
  /** `undefined` where no braces were written. */
  readonly block: readonly ConfigNode[] | undefined;
}
