/** Where APPEND puts a message that is too long for memory. */
import type { Body } from "#src/message/body.ts";

/** A message that lies somewhere until it is stored. */
export interface SpooledMessage {
  /** Up to and including the blank line. */
  readonly header: Uint8Array;
  readonly body: Body;
  /** Frees everything. Never throws. */
  dispose(): Promise<void>;
}

/** Keeps messages that are on their way in. */
export interface MessageSpool {
  /**
   * Takes a whole message of `size` bytes. Rejects where the source does, and
   * then keeps nothing.
   */
  take(
    source: AsyncIterable<Uint8Array>,
    size: number,
  ): Promise<SpooledMessage>;
}
