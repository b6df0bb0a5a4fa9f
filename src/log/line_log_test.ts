import assert from "node:assert/strict";
import { LimitError } from "#src/errors/errors.ts";
import { LineLog, type LineLogOptions } from "./line_log.ts";

function collect(
  options: Partial<LineLogOptions> = {},
): { log: LineLog; lines: string[] } {
  const lines: string[] = [];
  const log = new LineLog({
    level: "info",
    format: "logfmt",
    clock: { now: () => 0 },
    sink: (line) => lines.push(line),
    ...options,
  });
  return { log, lines };
}

Deno.test("logfmt quotes what would be misread", () => {
  const { log, lines } = collect();
  log.with({ worker: "endpoint-1" }).info("message accepted", {
    id: "abc",
    from: "",
    subject: 'a "quoted" = line\nbreak',
    size: 5,
    list: ["a", "b"],
  });
  assert.deepEqual(lines, [
    "time=1970-01-01T00:00:00.000Z level=info " +
    'event="message accepted" worker=endpoint-1 id=abc from="" ' +
    'subject="a \\"quoted\\" = line\\nbreak" size=5 list=a,b\n',
  ]);
});

Deno.test("one event is one line, whatever a client sends", () => {
  for (const format of ["logfmt", "json"] as const) {
    const { log, lines } = collect({ format });
    log.info("x", { text: "a\r\nlevel=error\u2028\u0000\x1b[31m" });
    assert.equal(lines.length, 1);
    const [line = ""] = lines;
    assert.ok(line.endsWith("\n"));
    assert.ok(!/[\r\n]/.test(line.slice(0, -1)));
    assert.ok(!line.includes("\x1b"));
  }
});

Deno.test("lines below the level are dropped", () => {
  const { log, lines } = collect({ level: "warn" });
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  assert.equal(lines.length, 2);
});

Deno.test("secrets never reach a line, at any depth", () => {
  const { log, lines } = collect({ format: "json" });
  const secret = "hunter2";
  log.info("login", {
    password: secret,
    passwd: secret,
    client_secret: secret,
    credentials: { user: "u", value: secret },
    nested: { deeper: [{ accessToken: secret }] },
    privateKey: secret,
  });
  assert.doesNotMatch(lines.join(""), /hunter2/);
  assert.match(lines[0] ?? "", /"password":"\[redacted\]"/);
});

Deno.test("errors show their cause, bytes their length", () => {
  const { log, lines } = collect({ format: "json" });
  const cause = new Error("disk is full");
  log.error("failed", {
    error: new LimitError("max_size", 5, { cause }),
    bytes: new Uint8Array(3),
  });
  const line = JSON.parse(lines[0] ?? "");
  assert.equal(
    line.error,
    "LimitError: More than 5 (max_size); because of Error: disk is full",
  );
  assert.equal(line.bytes, "[3 bytes]");
});

Deno.test("lists of words are easy to read, others stay what they are", () => {
  const { log, lines } = collect();
  log.info("ready", {
    listen: ["127.0.0.1:25", "[::]:25"],
    strange: ["a,b", "c d"],
    empty: [],
    numbers: [1, 2],
  });
  assert.match(
    lines[0] ?? "",
    / listen=127\.0\.0\.1:25,\[::\]:25 strange="\[\\"a,b\\",\\"c d\\"\]" empty=\[\] numbers=\[1,2\]\n$/,
  );
});
