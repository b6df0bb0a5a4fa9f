/**
 * The body of a message: bytes that can be read as often as needed, without
 * being held in memory when they are many.
 */

/**
 * Everything after the blank line. `open` may be called any number of times,
 * also at once; each stream yields the same bytes in chunks that the reader
 * owns. A stream that is not read to the end must be cancelled.
 */
export interface Body {
  /** Length in bytes. */
  readonly size: number;
  /** The bytes when they are in memory anyway; nobody may change them. */
  readonly bytes?: Uint8Array;
  open(): ReadableStream<Uint8Array>;
}

/** How much of a body is copied at once for a reader. */
const CHUNK_BYTES = 128 * 1024;

/** A body that lies in memory. */
export class MemoryBody implements Body {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get size(): number {
    return this.bytes.length;
  }

  open(): ReadableStream<Uint8Array> {
    const bytes = this.bytes;
    let at = 0;
    return new ReadableStream({
      pull(controller): void {
        const end = Math.min(at + CHUNK_BYTES, bytes.length);
        if (end > at) controller.enqueue(bytes.slice(at, end));
        at = end;
        if (at === bytes.length) controller.close();
      },
    }, { highWaterMark: 0 });
  }
}
