/**
 * The content of a leaf part as bytes or text: transfer encoding (RFC 2045
 * section 6) and charset undone. Never throws: broken input gives what can be
 * read of it.
 */
import { Base64Decoder } from "#src/bytes/base64.ts";
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import { QuotedPrintableDecoder } from "#src/bytes/quoted_printable.ts";
import { decodeCharset, openCharset } from "./charset.ts";

/** Undoes a transfer encoding piece by piece. */
interface TransferDecoder {
  write(chunk: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

function transferDecoder(encoding: string): TransferDecoder | undefined {
  switch (encoding) {
    case "base64":
      return new Base64Decoder();
    case "quoted-printable":
      return new QuotedPrintableDecoder();
    default:
      return undefined;
  }
}

/**
 * Content without its transfer encoding (lower case); encodings that are not
 * known leave the bytes as they are. May return `bytes` itself.
 */
export function decodeTransfer(
  bytes: Uint8Array,
  encoding: string,
): Uint8Array {
  const decoder = transferDecoder(encoding);
  if (decoder === undefined) return bytes;
  return concatBytes([decoder.write(bytes), decoder.end()]);
}

/** Text of a part's content; for parts that are small enough to be held. */
export function decodePart(
  bytes: Uint8Array,
  encoding: string,
  charset = "us-ascii",
): string {
  return decodeCharset(decodeTransfer(bytes, encoding), charset);
}

/** `decodeTransfer` for content of any size. */
export function decodeTransferStream(
  stream: ReadableStream<Uint8Array>,
  encoding: string,
): ReadableStream<Uint8Array> {
  const decoder = transferDecoder(encoding);
  if (decoder === undefined) return stream;
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller): void {
        const decoded = decoder.write(chunk);
        if (decoded.length > 0) controller.enqueue(decoded);
      },
      flush(controller): void {
        const rest = decoder.end();
        if (rest.length > 0) controller.enqueue(rest);
      },
    }),
  );
}

/** `decodePart` for content of any size. */
export function decodePartStream(
  stream: ReadableStream<Uint8Array>,
  encoding: string,
  charset = "us-ascii",
): ReadableStream<string> {
  const text = openCharset(charset);
  return decodeTransferStream(stream, encoding).pipeThrough(
    new TransformStream<Uint8Array, string>({
      transform(chunk, controller): void {
        const piece = text.write(chunk);
        if (piece !== "") controller.enqueue(piece);
      },
      flush(controller): void {
        const rest = text.end();
        if (rest !== "") controller.enqueue(rest);
      },
    }),
  );
}
