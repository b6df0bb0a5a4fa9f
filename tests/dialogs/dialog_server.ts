/** What a kind of server offers to the dialogues; one is made for each run. */
export interface DialogServer {
  readonly port: number;
  /** Certificate that clients trust (`localhost`); none: no TLS here. */
  readonly authority: string | undefined;
  /** TLS from the first byte. */
  readonly implicitTls: boolean;
  /** Bytes that the server has read from its client so far. */
  bytesRead(): number;
  /** Moves the server's clock. */
  advance(seconds: number): void;
  /** A line `@word rest`: throws when what it asks for is not so. */
  directive(word: string, rest: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server with the `@set` lines of the file. */
export type StartDialogServer = (
  settings: ReadonlyMap<string, string>,
) => Promise<DialogServer>;
