import assert from "node:assert/strict";
import { encodeLatin1 } from "#src/bytes/latin1.ts";
import { encodeUtf8 } from "#src/bytes/utf8.ts";
import { LimitError } from "#src/errors/errors.ts";
import { MemoryBody } from "./body.ts";
import { collect } from "./collect.ts";
import {
  decodePart,
  decodePartStream,
  decodeTransferStream,
} from "./decode_part.ts";
import { htmlToText } from "./html_text.ts";
import { previewText } from "./preview_text.ts";

Deno.test("decodePart() undoes encoding and charset", () => {
  assert.equal(
    decodePart(encodeLatin1("=C3=BC"), "quoted-printable", "utf-8"),
    "\u00fc",
  );
  assert.equal(decodePart(encodeLatin1("w7w="), "base64", "utf-8"), "\u00fc");
  assert.equal(
    decodePart(encodeLatin1("\xfc"), "8bit", "iso-8859-1"),
    "\u00fc",
  );
  assert.equal(decodePart(encodeLatin1("=41"), "x-unknown"), "=41");
});

Deno.test("decodePartStream() gives the same text in pieces", async () => {
  const bytes = encodeLatin1("w7zDvMO8\r\nw7w=");
  const source = new ReadableStream<Uint8Array>({
    start(controller): void {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  let text = "";
  for await (const piece of decodePartStream(source, "base64", "utf-8")) {
    text += piece;
  }
  assert.equal(text, "\u00fc\u00fc\u00fc\u00fc");
});

Deno.test("collect() reads everything up to its bound", async () => {
  const body = new MemoryBody(encodeUtf8("hello"));
  assert.equal((await collect(body.open(), 5)).length, 5);
  await assert.rejects(collect(body.open(), 4), LimitError);
  const decoded = decodeTransferStream(
    new MemoryBody(encodeUtf8("a=3Db=")).open(),
    "quoted-printable",
  );
  assert.deepEqual(await collect(decoded, 100), encodeUtf8("a=b"));
});

Deno.test("htmlToText() leaves the words", () => {
  const text = (html: string): string =>
    htmlToText(html).replace(/\s+/g, " ").trim();
  assert.equal(text("<p>a<b>b</b></p><p>c</p>"), "ab c");
  assert.equal(text("<STYLE>x{}</STYLE>a<script>if (1<2) b</script>c"), "a c");
  assert.equal(text("a<!-- <b> -->b"), "ab");
  assert.equal(
    text("1 < 2 &amp; 3 &lt; 4 &#65;&#x42;&nosuch;"),
    "1 < 2 & 3 < 4 AB&nosuch;",
  );
  assert.equal(text("<head><title>t</title></head><body>b</body>"), "b");
  assert.equal(text("&#0;&#xd800;&#1114112;"), "\ufffd\ufffd\ufffd");
  assert.equal(text("a<br"), "a");
  assert.equal(text("<style>never closed"), "");
});

Deno.test("htmlToText() is linear on hostile input", () => {
  for (
    const seed of [
      "<",
      "<!--",
      "<a",
      "</",
      "<style>",
      "&",
      "&#",
      "<style></",
      "<p>",
    ]
  ) {
    htmlToText(seed.repeat(Math.floor(500_000 / seed.length)));
  }
});

Deno.test("previewText() is one line of 200 characters at most", () => {
  const plain = { isHtml: false } as const;
  assert.equal(previewText("a\r\n\r\n  b\tc\r\n", plain), "a b c");
  assert.equal(previewText("> quoted\r\nown\r\n", plain), "own");
  assert.equal(previewText("> quoted\r\n", plain), "> quoted");
  assert.equal([...previewText("\u{1f600}".repeat(300), plain)].length, 200);
  assert.equal(previewText("<p>Hi &amp; bye", { isHtml: true }), "Hi & bye");
  assert.equal(previewText("", plain), "");
  assert.equal(previewText("a\0\x1b\u200bb\x7f", plain), "a b");
  const spread = previewText(`${" ".repeat(700)}${"word ".repeat(90)}`, plain);
  assert.equal(spread, "word ".repeat(40).trim());
});
