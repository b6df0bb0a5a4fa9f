/** Output that is put together piece by piece, as bytes from the start. */

/** First size when nobody says better. */
const FIRST_SIZE = 256;

/** A growing buffer. Appends are chained; `finish` gives the bytes away. */
export class ByteBuilder {
  #bytes: Uint8Array;
  #length = 0;

  constructor(sizeHint = FIRST_SIZE) {
    this.#bytes = new Uint8Array(Math.max(sizeHint, 16));
  }

  /** How many bytes are in it. */
  get length(): number {
    return this.#length;
  }

  /** Text of code points below U+0080; others are the caller's mistake. */
  ascii(text: string): this {
    const at = this.#grow(text.length);
    const bytes = this.#bytes;
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
    return this;
  }

  /** A copy of `bytes`. */
  bytes(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** One byte. */
  byte(byte: number): this {
    const at = this.#grow(1);
    this.#bytes[at] = byte;
    return this;
  }

  /** A whole number in decimal digits. */
  number(value: number | bigint): this {
    return this.ascii(value.toString());
  }

  /**
   * Everything so far, as an array of exactly that length. The builder must not
   * be used afterwards: the array may be its own.
   */
  finish(): Uint8Array {
    return this.#length === this.#bytes.length
      ? this.#bytes
      : this.#bytes.slice(0, this.#length);
  }

  /** A view of everything so far; any append makes it stale. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room; returns where to write. */
  #grow(by: number): number {
    const at = this.#length;
    const need = at + by;
    if (need > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(need, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    this.#length = need;
    return at;
  }
}
