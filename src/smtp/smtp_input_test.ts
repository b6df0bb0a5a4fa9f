import assert from "node:assert/strict";
import { MessageDecoder } from "./message_decoder.ts";
import { SmtpInput, type SmtpInputEvents } from "./smtp_input.ts";

const SESSION = "EHLO x\r\nMAIL FROM:<a@b>\r\nDATA\r\n..one\r\n.\r\n" +
  "BDAT 7\r\nab\r\n.\r\nBDAT 0\r\nNOOP\r\n";

/** Writes down what it is told; answers later or at once. */
class Recorder implements SmtpInputEvents {
  readonly told: string[] = [];
  readonly #input: SmtpInput;
  readonly #isSlow: boolean;

  constructor(input: SmtpInput, options: { readonly slow: boolean }) {
    this.#input = input;
    this.#isSlow = options.slow;
  }

  line(bytes: Uint8Array): Promise<void> | undefined {
    const line = new TextDecoder().decode(bytes);
    this.told.push(`line ${line}`);
    if (line === "DATA") {
      this.#input.startData(
        new MessageDecoder({
          dots: true,
          bareLineEnds: "refuse",
          strictLines: false,
        }),
      );
    }
    const chunk = /^BDAT ([0-9]+)$/.exec(line)?.[1];
    if (chunk !== undefined) {
      this.#input.startChunk(Number.parseInt(chunk, 10), undefined);
    }
    return this.#answer();
  }

  lineTooLong(): void {
    this.told.push("too long");
    this.#input.isClosed = true;
  }

  content(bytes: Uint8Array): Promise<void> | undefined {
    const last = this.told.at(-1) ?? "";
    const text = new TextDecoder().decode(bytes);
    // How content is cut is nobody's business.
    if (last.startsWith("content ")) this.told[this.told.length - 1] += text;
    else this.told.push(`content ${text}`);
    return this.#answer();
  }

  contentEnd(): Promise<void> | undefined {
    this.told.push("end");
    return this.#answer();
  }

  idle(): Promise<void> | undefined {
    return this.#answer();
  }

  #answer(): Promise<void> | undefined {
    return this.#isSlow ? Promise.resolve() : undefined;
  }
}

async function run(
  pieces: readonly string[],
  options: { readonly slow: boolean } = { slow: false },
): Promise<readonly string[]> {
  const input = new SmtpInput();
  const recorder = new Recorder(input, options);
  input.open(recorder);
  for (const piece of pieces) input.write(new TextEncoder().encode(piece));
  const { promise, resolve } = Promise.withResolvers<void>();
  input.end(() => resolve());
  await promise;
  return recorder.told;
}

const EXPECTED = [
  "line EHLO x",
  "line MAIL FROM:<a@b>",
  "line DATA",
  "content .one\r\n",
  "end",
  "line BDAT 7",
  "content ab\r\n.\r\n",
  "end",
  "line BDAT 0",
  "end",
  "line NOOP",
];

Deno.test("a session is understood the same, cut at every place", async () => {
  assert.deepEqual(await run([SESSION]), EXPECTED);
  assert.deepEqual(await run([...SESSION]), EXPECTED);
  for (let i = 1; i < SESSION.length; i++) {
    const pieces = [SESSION.slice(0, i), SESSION.slice(i)];
    assert.deepEqual(await run(pieces), EXPECTED, JSON.stringify(pieces));
  }
});

Deno.test("a slow listener hears the same", async () => {
  assert.deepEqual(await run([SESSION], { slow: true }), EXPECTED);
  assert.deepEqual(await run([...SESSION], { slow: true }), EXPECTED);
});

Deno.test("lines end at CRLF only", async () => {
  assert.deepEqual(await run(["a\nb\rc\r\r\n\r\nd"]), [
    "line a\nb\rc\r",
    "line ",
  ]);
});

Deno.test("the bound of a line does not depend on how it is cut", async () => {
  const longest = `${"x".repeat(2046)}\r\n`;
  const tooLong = `${"x".repeat(2047)}\r\n`;
  for (const cut of [1, 1000, 2046, 2047]) {
    const pieces = (text: string): string[] => [
      text.slice(0, cut),
      text.slice(cut),
    ];
    assert.deepEqual(await run(pieces(longest)), [`line ${"x".repeat(2046)}`]);
    assert.deepEqual(await run(pieces(tooLong)), ["too long"]);
  }
  assert.deepEqual(await run(["x".repeat(2048)]), ["too long"]);
});

Deno.test("AUTH may be longer, in any case and however it is cut", async () => {
  const line = `aUtH ${"A".repeat(10_000)}`;
  assert.deepEqual(await run([`${line}\r\n`]), [`line ${line}`]);
  assert.deepEqual(await run([...`${line}\r\n`]), [`line ${line}`]);
  assert.deepEqual(await run([`AUTI ${"A".repeat(10_000)}\r\n`]), ["too long"]);
});

Deno.test("nobody is told anything before the input is opened", async () => {
  const input = new SmtpInput();
  const recorder = new Recorder(input, { slow: false });
  input.write(new TextEncoder().encode("NOOP\r\nQUIT\r\n"));
  await Promise.resolve();
  assert.deepEqual(recorder.told, []);
  assert.ok(input.hasUnread);
  input.open(recorder);
  assert.deepEqual(recorder.told, ["line NOOP", "line QUIT"]);
  assert.ok(!input.hasUnread);
});

Deno.test("what lies behind a line can be seen while it runs", () => {
  for (
    const [text, expected] of [["A\r\nB", true], ["A\r\n", false]] as const
  ) {
    const input = new SmtpInput();
    const seen: boolean[] = [];
    input.open({
      line(): undefined {
        seen.push(input.hasUnread);
        return undefined;
      },
      lineTooLong() {},
      content: () => undefined,
      contentEnd: () => undefined,
      idle: () => undefined,
    });
    input.write(new TextEncoder().encode(text));
    assert.deepEqual(seen, [expected]);
  }
});

Deno.test("a thousand commands in one piece do not grow the stack", async () => {
  const lines = 50_000;
  const told = await run(["A\r\n".repeat(lines)]);
  assert.equal(told.length, lines);
});
