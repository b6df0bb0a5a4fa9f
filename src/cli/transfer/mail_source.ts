/** Where imported mail comes from. */

/** A message of a source. */
export interface SourceMessage {
  /** Names the message in its folder, in every run. */
  readonly key: string;
  /** System flags (`\Seen`) and keywords. */
  readonly flags: readonly string[];
  /** When it was received, where the source knows. */
  readonly date: Date | undefined;
  /** The whole message, lines with CRLF. */
  bytes(): Promise<Uint8Array>;
}

/** A folder of a source. */
export interface SourceFolder {
  /** Our name of it: levels separated by `/`, INBOX in capitals. */
  readonly name: string;
  /** What the folder is for (RFC 6154), where the source says so. */
  readonly specialUse: string | undefined;
  /** How many messages it has, where that is cheap to know. */
  readonly count: number | undefined;
  /**
   * In the order of the source. Of messages for which `isDone` holds only the
   * key is asked for: they need not be fetched.
   */
  messages(isDone?: (key: string) => boolean): AsyncIterable<SourceMessage>;
}

/** Mail somewhere else. */
export interface MailSource {
  /** Says the same in every run; the journal is kept by it. */
  readonly identity: string;
  folders(): AsyncIterable<SourceFolder>;
  close(): Promise<void>;
}
