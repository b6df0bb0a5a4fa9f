/**
 * Measures `summarizeBytes` on typical messages: microseconds a message, warm.
 * Targets: 2 KiB plain text below 40, 10 KiB multipart below 100.
 */
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import { encodeUtf8 } from "#src/bytes/utf8.ts";
import { summarizeBytes } from "#src/imap/summary_builder.ts";
import { findHeaderEnd, HeaderBlock } from "#src/message/header_block.ts";

const HEADER = [
  "Received: from mx.sender.test (mx.sender.test [192.0.2.1])",
  "\tby mail.example.org with ESMTPS id 01HXYZ for <alice@example.org>;",
  "\tMon, 23 Nov 2026 02:10:09 +0000",
  "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.test;",
  "\ts=s1; h=from:to:subject:date; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;",
  "\tb=" + "A".repeat(172),
  "From: Bob Builder <bob@sender.test>",
  'To: "Alice Example" <alice@example.org>, carol@example.org',
  "Subject: Re: the plans for next week",
  "Date: Mon, 23 Nov 2026 02:10:08 +0000",
  "Message-ID: <20261123021008.1234@sender.test>",
  "In-Reply-To: <first@example.org>",
  "References: <zero@example.org> <first@example.org>",
  "MIME-Version: 1.0",
];

const LINE =
  "The quick brown fox jumps over the lazy dog and goes home again today.";

/** A message of about `sizeBytes` in plain text. */
function plainMessage(sizeBytes: number): Uint8Array {
  const lines = [...HEADER, "Content-Type: text/plain; charset=utf-8", ""];
  const header = lines.join("\r\n") + "\r\n";
  const count = Math.ceil((sizeBytes - header.length) / (LINE.length + 2));
  return encodeUtf8(header + `${LINE}\r\n`.repeat(count));
}

/** Plain and HTML text and a Base64 attachment: about 10 KiB. */
function multipartMessage(): Uint8Array {
  return concatBytes([encodeUtf8([
    ...HEADER,
    'Content-Type: multipart/mixed; boundary="outer-=_1"',
    "",
    "--outer-=_1",
    'Content-Type: multipart/alternative; boundary="inner-=_2"',
    "",
    "--inner-=_2",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    ...Array<string>(25).fill(LINE),
    "--inner-=_2",
    "Content-Type: text/html; charset=utf-8",
    "",
    ...Array<string>(40).fill(`<p>${LINE}</p>`),
    "--inner-=_2--",
    "--outer-=_1",
    'Content-Type: application/pdf; name="plan.pdf"',
    "Content-Transfer-Encoding: base64",
    'Content-Disposition: attachment; filename="plan.pdf"',
    "",
    ...Array<string>(50).fill("QUJD".repeat(19)),
    "--outer-=_1--",
    "",
  ].join("\r\n"))]);
}

/** Microseconds that one summary takes. */
function measure(message: Uint8Array, rounds: number): number {
  const end = findHeaderEnd(message) ?? message.length;
  const header = message.subarray(0, end);
  const body = message.subarray(end);
  for (let i = 0; i < rounds; i++) {
    summarizeBytes(new HeaderBlock(header), body);
  }
  const start = performance.now();
  for (let i = 0; i < rounds; i++) {
    summarizeBytes(new HeaderBlock(header), body);
  }
  return (performance.now() - start) * 1000 / rounds;
}

if (import.meta.main) {
  const cases: readonly [string, Uint8Array][] = [
    ["plain 2 KiB", plainMessage(2_048)],
    ["multipart 10 KiB", multipartMessage()],
    ["plain 1 MiB", plainMessage(1_048_576)],
  ];
  for (const [name, message] of cases) {
    const rounds = message.length > 100_000 ? 50 : 5_000;
    const micros = measure(message, rounds).toFixed(1);
    // deno-lint-ignore no-console -- the output of a script
    console.log(`${name} (${message.length} bytes): ${micros} us`);
  }
}
