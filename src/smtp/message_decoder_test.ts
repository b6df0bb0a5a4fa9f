import assert from "node:assert/strict";
import { MessageDecoder } from "./message_decoder.ts";
import type { BareLineEnds } from "./settings.ts";

interface Outcome {
  readonly content: string;
  readonly ended: boolean;
  readonly broken: string | undefined;
  /** Input behind the end. */
  readonly rest: string;
}

/** Decodes pieces; what is behind the end is joined again. */
function decode(
  pieces: readonly string[],
  bareLineEnds: BareLineEnds = "refuse",
): Outcome {
  const decoder = new MessageDecoder({
    dots: true,
    bareLineEnds,
    strictLines: false,
  });
  let content = "";
  let rest = "";
  for (const piece of pieces) {
    if (decoder.ended) {
      rest += piece;
      continue;
    }
    content += text(decoder.decode(bytes(piece), 0));
    if (decoder.ended) rest += piece.slice(decoder.position);
  }
  return { content, ended: decoder.ended, broken: decoder.broken, rest };
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function text(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** As RFC 5321 section 4.5.2 says it, over a whole text; no cleverness. */
function reference(input: string): Outcome {
  const end = `\r\n${input}`.indexOf("\r\n.\r\n");
  const message = end < 0 ? input : input.slice(0, end);
  const rest = end < 0 ? "" : input.slice(end + 3);
  const bare = /\r(?!\n)|(?<!\r)\n/.test(message);
  const content = message.replace(/^\./, "").replaceAll("\r\n.", "\r\n");
  return {
    content,
    ended: end >= 0,
    broken: bare ? "bareLineEnd" : undefined,
    rest,
  };
}

const MESSAGES = [
  ".\r\n",
  "..\r\n.\r\n",
  "text\r\n.\r\n",
  "text\r\n.\r\nMAIL FROM:<>\r\n",
  "Subject: x\r\n\r\n.a\r\n..\r\n...b\r\n.\r\nQUIT\r\n",
  "\r\n\r\n.\r\n",
  "a\r\n.\r\n.\r\n",
  "a.\r\n.b\r\n\r\n..\r\n.\r\n",
  "\x00\x80\xff\r\n.\r\n",
];

Deno.test("messages decode as the reference does, cut at every place", () => {
  for (const message of MESSAGES) {
    const expected = reference(message);
    assert.deepEqual(decode([message]), expected);
    for (let i = 0; i <= message.length; i++) {
      for (let j = i; j <= message.length; j++) {
        const pieces = [
          message.slice(0, i),
          message.slice(i, j),
          message.slice(j),
        ];
        assert.deepEqual(decode(pieces), expected, JSON.stringify(pieces));
      }
    }
    assert.deepEqual(decode([...message]), expected);
  }
});

Deno.test("every short text of dots and line ends has only the true end", () => {
  const alphabet = ["\r", "\n", ".", "a"];
  const texts = [""];
  for (let length = 1; length <= 7; length++) {
    for (const text of texts.filter((text) => text.length === length - 1)) {
      for (const letter of alphabet) texts.push(text + letter);
    }
  }
  for (const text of texts) {
    const expected = reference(text);
    for (const pieces of [[text], [...text]]) {
      const actual = decode(pieces);
      assert.equal(actual.ended, expected.ended, JSON.stringify(pieces));
      assert.equal(actual.rest, expected.rest);
      if (!expected.ended) continue;
      assert.equal(actual.broken, expected.broken, JSON.stringify(pieces));
      if (expected.broken === undefined) {
        assert.equal(actual.content, expected.content);
      }
    }
  }
});

Deno.test("what looks like an end and is none is refused at the true end", () => {
  const fakes = [
    "\n.\n",
    "\r\n.\n",
    "\n.\r\n",
    "\r.\r",
    "\r\n.\r",
    "\r.\r\n",
    "\r\n.\r\r\n",
    "\n\r.\r\n",
    "\r\n\n.\r\n",
    "\r\n\r.\r\n",
  ];
  for (const fake of fakes) {
    const message = `text${fake}MAIL FROM:<evil@x>\r\n.\r\nQUIT\r\n`;
    for (const pieces of [[message], [...message]]) {
      const { ended, broken, rest } = decode(pieces);
      assert.ok(ended);
      assert.equal(broken, "bareLineEnd", JSON.stringify(fake));
      assert.equal(rest, "QUIT\r\n");
    }
  }
});

Deno.test("normalising gives only CRLF, however the input is cut", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["a\nb\r\n.\r\n", "a\r\nb\r\n"],
    ["a\rb\r\n.\r\n", "a\r\nb\r\n"],
    ["a\r\r\n.\r\n", "a\r\n\r\n"],
    ["a\n\r\n.\r\n", "a\r\n\r\n"],
    ["\n.\n\r\n.\r\n", "\r\n.\r\n\r\n"],
    ["\r\n.\r\r\n.\r\n", "\r\n\r\n\r\n"],
    ["\r\n.\n.\r\n\r\n.\r\n", "\r\n\r\n.\r\n\r\n"],
    ["\n..\r\n.\r\n", "\r\n..\r\n"],
  ];
  for (const [input, expected] of cases) {
    for (let i = 0; i <= input.length; i++) {
      const { content, ended, broken } = decode(
        [input.slice(0, i), input.slice(i)],
        "normalise",
      );
      assert.equal(content, expected, JSON.stringify([input, i]));
      assert.ok(ended);
      assert.equal(broken, undefined);
    }
    assert.equal(decode([...input], "normalise").content, expected);
  }
});

Deno.test("chunks have neither dots nor an end", () => {
  const decoder = new MessageDecoder({
    dots: false,
    bareLineEnds: "refuse",
    strictLines: false,
  });
  assert.equal(text(decoder.decode(bytes("..\r\n.\r"), 0)), "..\r\n.\r");
  assert.equal(text(decoder.decode(bytes("\n.\r\n"), 0)), "\n.\r\n");
  assert.ok(!decoder.ended);
  assert.equal(decoder.finish().length, 0);
  assert.equal(decoder.broken, undefined);
});

Deno.test("a CR at the very end of the chunks stands alone", () => {
  for (const bareLineEnds of ["refuse", "normalise"] as const) {
    const decoder = new MessageDecoder({
      dots: false,
      bareLineEnds,
      strictLines: false,
    });
    decoder.decode(bytes("a\r"), 0);
    const rest = text(decoder.finish());
    assert.equal(rest, bareLineEnds === "refuse" ? "" : "\n");
    const expected = bareLineEnds === "refuse" ? "bareLineEnd" : undefined;
    assert.equal(decoder.broken, expected);
  }
});

Deno.test("lines are measured without their end, across pieces", () => {
  for (const [length, expected] of [[998, 0], [999, 1]] as const) {
    const decoder = new MessageDecoder({
      dots: true,
      bareLineEnds: "refuse",
      strictLines: true,
    });
    for (const piece of ["x".repeat(500), "x".repeat(length - 500), "\r\n"]) {
      decoder.decode(bytes(piece), 0);
    }
    assert.equal(decoder.longLines, expected);
    assert.equal(
      decoder.broken,
      expected === 1 ? "textLineTooLong" : undefined,
    );
  }
});

Deno.test("content without dots is a view of the input, not a copy", () => {
  const input = bytes("one\r\ntwo\r\n");
  const decoder = new MessageDecoder({
    dots: true,
    bareLineEnds: "refuse",
    strictLines: false,
  });
  assert.equal(decoder.decode(input, 0).buffer, input.buffer);
});
