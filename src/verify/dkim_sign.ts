/**
 * Signs messages: `relaxed` header, `simple` body. RFC 6376, RFC 8463.
 *
 * `simple` because a body then goes to the hash as it is, at the speed of the
 * hash; what changes white space in bodies on the way breaks more than that.
 */
import type { Body } from "#src/message/body.ts";
import type { HeaderBlock, HeaderField } from "#src/message/header_block.ts";

/** Who signs, and with what. */
export interface Signer {
  readonly algorithm: "rsa-sha256" | "ed25519-sha256";
  readonly selector: string;
  readonly key: CryptoKey;
}

/** What one signature is made of. */
export interface SignRequest {
  readonly header: HeaderBlock;
  /** Base64 of `hashBody`. */
  readonly bodyHash: string;
  /** `d=`, ASCII lower case. */
  readonly domain: string;
  /** `t=`, in seconds since 1970. */
  readonly time: number;
}

/**
 * Fields that are signed where they are there. RFC 6376 section 5.4.1. Those
 * that show what a message is are signed once more than they occur, so that
 * another one cannot be added.
 */
const FIELDS = [
  "from",
  "to",
  "cc",
  "subject",
  "date",
  "message-id",
  "reply-to",
  "in-reply-to",
  "references",
  "mime-version",
  "content-type",
  "content-transfer-encoding",
  "list-id",
  "list-unsubscribe",
  "list-unsubscribe-post",
];
const GUARDED = new Set(["from", "reply-to", "to", "cc", "subject", "date"]);

const ENCODER = new TextEncoder();
const CRLF = ENCODER.encode("\r\n");

/** SHA-256 of the body in `simple` form. RFC 6376 section 3.4.3. */
export async function hashBody(body: Body): Promise<string> {
  // Loaded here: every worker loads this file, few of them sign.
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  if (body.bytes !== undefined) {
    hash.update(body.bytes.subarray(0, contentEnd(body.bytes)));
    hash.update(CRLF);
    return hash.digest("base64");
  }
  let pending: LineEnds | undefined;
  for await (const chunk of body.open()) {
    const end = lineEndsStart(chunk);
    const tail = chunk.subarray(end);
    if (end > 0) {
      pending?.flush((bytes) => hash.update(bytes));
      hash.update(chunk.subarray(0, end));
      pending = undefined;
    }
    if (tail.length > 0) {
      pending ??= new LineEnds(tail[0] ?? 0);
      pending.length += tail.length;
    }
  }
  hash.update(CRLF);
  return hash.digest("base64");
}

/** Line breaks that are hashed only if something follows. */
class LineEnds {
  readonly #first: number;
  length = 0;

  constructor(first: number) {
    this.#first = first;
  }

  flush(write: (bytes: Uint8Array) => void): void {
    // Nothing but CRLF pairs can be here; a run may begin in their middle.
    const size = Math.min(this.length + 1, 4096) & ~1;
    const block = new Uint8Array(Math.max(size, 2));
    for (let i = 0; i < block.length; i++) {
      block[i] = (i % 2 === 0) === (this.#first === 0x0d) ? 0x0d : 0x0a;
    }
    for (let left = this.length; left > 0; left -= block.length) {
      write(block.subarray(0, Math.min(left, block.length)));
    }
  }
}

/** Where the run of line breaks at the end begins. */
function lineEndsStart(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end--;
  return end;
}

/** The end without the empty lines; the last line keeps no line break. */
function contentEnd(bytes: Uint8Array): number {
  return lineEndsStart(bytes);
}

/** The DKIM-Signature field with its line break. */
export async function signMessage(
  request: SignRequest,
  signer: Signer,
): Promise<string> {
  const { header, bodyHash, domain, time } = request;
  const { names, fields } = chooseFields(header);
  const start = "DKIM-Signature: v=1; " +
    `a=${signer.algorithm}; c=relaxed/simple; d=${domain};\r\n\t` +
    `s=${signer.selector}; t=${time}; h=${foldList(names)};\r\n\t` +
    `bh=${bodyHash};\r\n\tb=`;
  const parts = fields.map((field) =>
    relaxed(header.bytes.subarray(field.start, field.end), "\r\n")
  );
  parts.push(relaxed(ENCODER.encode(start), ""));
  const signature = await sign(signer, join(parts));
  return `${start}${foldText(signature)}\r\n`;
}

interface Chosen {
  readonly names: readonly string[];
  readonly fields: readonly HeaderField[];
}

/** Last occurrences first, as RFC 6376 section 5.4.2 wants repeated fields. */
function chooseFields(header: HeaderBlock): Chosen {
  const names: string[] = [];
  const fields: HeaderField[] = [];
  for (const name of FIELDS) {
    const found = header.all(name);
    for (const field of found.toReversed()) {
      names.push(name);
      fields.push(field);
    }
    if (GUARDED.has(name)) names.push(name);
  }
  return { names, fields };
}

async function sign(signer: Signer, data: Uint8Array): Promise<string> {
  const bytes = new Uint8Array(data);
  if (signer.algorithm === "rsa-sha256") {
    const signed = await crypto.subtle.sign(
      "RSASSA-PKCS1-v1_5",
      signer.key,
      bytes,
    );
    return new Uint8Array(signed).toBase64();
  }
  // RFC 8463 section 3: Ed25519 signs the SHA-256 of the data.
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  const signed = await crypto.subtle.sign("Ed25519", signer.key, digest);
  return new Uint8Array(signed).toBase64();
}

/** `relaxed` form of one field. RFC 6376 section 3.4.2. */
function relaxed(field: Uint8Array, lineEnd: string): Uint8Array {
  const out = new Uint8Array(field.length + 2);
  let size = 0;
  const colon = field.indexOf(0x3a);
  for (let i = 0; i < colon; i++) {
    const byte = field[i] ?? 0;
    if (byte === 0x20 || byte === 0x09) continue;
    out[size++] = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
  }
  out[size++] = 0x3a;
  let blank = false;
  let begun = false;
  for (let i = colon + 1; i < field.length; i++) {
    const byte = field[i] ?? 0;
    if (byte === 0x0d || byte === 0x0a) continue;
    if (byte === 0x20 || byte === 0x09) {
      blank = true;
      continue;
    }
    if (blank && begun) out[size++] = 0x20;
    blank = false;
    begun = true;
    out[size++] = byte;
  }
  for (let i = 0; i < lineEnd.length; i++) out[size++] = lineEnd.charCodeAt(i);
  return out.subarray(0, size);
}

/** A list of names in lines of bearable length. */
function foldList(names: readonly string[]): string {
  let line = 0;
  return names.map((name, i) => {
    const text = i === 0 ? name : `:${name}`;
    line += text.length;
    if (line < 60 || i === 0) return text;
    line = name.length;
    return `:\r\n\t${name}`;
  }).join("");
}

/** Base64 in lines; white space inside of `b=` means nothing. */
function foldText(text: string): string {
  return text.match(/.{1,72}/g)?.join("\r\n\t") ?? "";
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
