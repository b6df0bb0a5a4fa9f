/**
 * Well-formed MIME messages of every kind, the same for the same seed: nested
 * multiparts and messages, all encodings, parameters of every spelling,
 * preambles, boundaries that begin alike. Text is Latin-1: one character a byte.
 */
import { encodeBase64 } from "#src/bytes/base64.ts";
import { asciiBytes } from "#src/imap/wire/ascii.ts";

/** Numbers below a bound. */
export type Pick = (below: number) => number;

/** Numbers that look random. */
export function picker(seed: number): Pick {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const WORDS = [
  "alpha",
  "Beta",
  "gamma=delta",
  "--",
  "-- x",
  "From you",
  "",
  ".",
];
const CHARSETS = ["utf-8", "ISO-8859-1", '"us-ascii"', "windows-1252"];
const SUBTYPES = [
  "mixed",
  "alternative",
  "related",
  "digest",
  "signed",
  "x-own",
];
const MAX_DEPTH = 4;

/** One message. */
export function mimeMessage(seed: number): string {
  return message(picker(seed), 0);
}

function message(pick: Pick, depth: number): string {
  const fields = [
    "From: Somebody <s@elsewhere.test>",
    'To: "A, B" <a@b.test>, c@d.test',
    `Subject: ${
      ["x", "=?utf-8?q?gr=C3=BCn?=", "folded\r\n subject", ""][pick(4)]
    }`,
    "Date: Mon, 5 Jan 2026 10:00:00 +0100",
    `Message-ID: <${pick(1e9)}@elsewhere.test>`,
    "MIME-Version: 1.0",
  ];
  return `${fields.join("\r\n")}\r\n${entity(pick, depth)}`;
}

/** The header fields about content, a blank line, the content. */
function entity(pick: Pick, depth: number): string {
  const kind = depth >= MAX_DEPTH ? pick(6) : pick(10);
  if (kind >= 7) return multipart(pick, depth);
  if (kind === 6) return inner(pick, depth);
  return leaf(pick, kind);
}

function multipart(pick: Pick, depth: number): string {
  // Boundaries of outer parts may be the beginning of inner ones.
  const boundary =
    [`b${depth}`, "b".repeat(depth + 1), `=_${depth}_'()+,./:=?`][
      pick(3)
    ] ?? "b";
  const subtype = SUBTYPES[pick(SUBTYPES.length)] ?? "mixed";
  const count = 1 + pick(4);
  let text = `Content-Type: multipart/${subtype};${pick(2) ? "\r\n\t" : " "}` +
    `boundary="${boundary}"${pick(4) === 0 ? "; x=y" : ""}\r\n${
      extras(pick)
    }\r\n`;
  if (pick(3) === 0) text += "This is a preamble.\r\n--not a boundary\r\n";
  for (let n = 0; n < count; n++) {
    const blanks = pick(6) === 0 ? "  " : "";
    text += `--${boundary}${blanks}\r\n${part(pick, depth + 1, subtype)}\r\n`;
  }
  text += `--${boundary}--\r\n`;
  if (pick(3) === 0) text += "An epilogue.\r\n";
  return text;
}

function part(pick: Pick, depth: number, parent: string): string {
  // RFC 2046 section 5.1.5: here nothing means message/rfc822.
  if (parent === "digest" && pick(2) === 0) {
    return `\r\n${message(pick, depth + 1)}`;
  }
  const isBare = parent !== "digest" && pick(12) === 0;
  return isBare ? "\r\nno header at all" : entity(pick, depth);
}

function inner(pick: Pick, depth: number): string {
  const encoding = pick(3) === 0 ? "Content-Transfer-Encoding: 8bit\r\n" : "";
  return `Content-Type: message/rfc822\r\n${encoding}${extras(pick)}\r\n` +
    message(pick, depth + 1);
}

function leaf(pick: Pick, kind: number): string {
  const type = kind < 3
    ? `text/${["plain", "HTML", "x-calendar"][pick(3)]}; charset=${
      CHARSETS[pick(CHARSETS.length)]
    }${pick(5) === 0 ? "; format=flowed" : ""}`
    : [
      "application/octet-stream",
      'image/PNG; name="a b.png"',
      'application/pdf; name="say \\"hi\\".pdf"',
    ][pick(3)];
  const { encoding, content } = encoded(pick);
  const named = encoding === ""
    ? ""
    : `Content-Transfer-Encoding: ${encoding}\r\n`;
  return `Content-Type: ${type}\r\n${named}${extras(pick)}\r\n${content}`;
}

/** Fields of BODYSTRUCTURE's end. */
function extras(pick: Pick): string {
  let text = "";
  if (pick(3) === 0) {
    text += `Content-Disposition: ${
      ["inline", 'attachment; filename="x.txt"', "ATTACHMENT; size=5"][pick(3)]
    }\r\n`;
  }
  if (pick(4) === 0) text += `Content-ID: <${pick(1e6)}@here.test>\r\n`;
  if (pick(5) === 0) text += "Content-Description: a part of it\r\n";
  if (pick(6) === 0) text += "Content-Language: de, en\r\n";
  if (pick(6) === 0) text += "Content-Location: http://here.test/x\r\n";
  if (pick(8) === 0) text += "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\n";
  return text;
}

function encoded(pick: Pick): { encoding: string; content: string } {
  const size = pick(6) === 0 ? 0 : pick(400);
  switch (pick(4)) {
    case 0: {
      const bytes = Uint8Array.from({ length: size }, () => pick(256));
      const lines = encodeBase64(bytes).match(/.{1,76}/g) ?? [];
      const end = pick(2) === 0 ? "\r\n" : "";
      return {
        encoding: pick(2) === 0 ? "base64" : "BASE64",
        content: lines.join("\r\n") + end,
      };
    }
    case 1:
      return { encoding: "quoted-printable", content: printable(pick, size) };
    case 2:
      return { encoding: "8bit", content: text(pick, size, 256) };
    default:
      return {
        encoding: pick(2) === 0 ? "7bit" : "",
        content: text(pick, size, 127),
      };
  }
}

function text(pick: Pick, size: number, high: number): string {
  const lines: string[] = [];
  for (let made = 0; made < size;) {
    const word = WORDS[pick(WORDS.length)] ?? "";
    const code = 0x20 + pick(high - 0x20);
    // DEL and the controls above it are no text.
    const char = code >= 0x7f && code < 0xa0 ? "~" : String.fromCharCode(code);
    lines.push(` ${word}${char}`);
    made += word.length + 4;
  }
  return lines.join("\r\n");
}

function printable(pick: Pick, size: number): string {
  let result = "";
  for (let n = 0; n < size; n++) {
    switch (pick(12)) {
      case 0:
        result += "=\r\n";
        break;
      case 1:
        result += "\r\n";
        break;
      case 2:
        result += `=${pick(256).toString(16).padStart(2, "0").toUpperCase()}`;
        break;
      default:
        result += String.fromCharCode(0x61 + pick(26));
    }
  }
  return result;
}

/** The bytes of a text. */
export function bytesOf(latin1: string): Uint8Array {
  return asciiBytes(latin1);
}
