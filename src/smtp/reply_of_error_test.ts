import assert from "node:assert/strict";
import { LimitError, WireSyntaxError } from "#src/errors/errors.ts";
import { type Log, SILENT_LOG } from "#src/log/log.ts";
import { SmtpError } from "./reply.ts";
import {
  formatRefusal,
  formatRefusedGreeting,
  replyOfError,
} from "./reply_of_error.ts";
import { REFUSALS, REPLIES } from "./replies.ts";

Deno.test("refusals pass, mistakes of clients have their codes", () => {
  const error = new SmtpError(550, "1.1", "No");
  assert.equal(replyOfError(error, SILENT_LOG), error);
  const syntax = replyOfError(new WireSyntaxError(3, "domain"), SILENT_LOG);
  assert.equal(formatRefusal(syntax), "501 5.5.2 Wrong syntax\r\n");
  const limit = replyOfError(new LimitError("recipients", 3), SILENT_LOG);
  assert.equal(limit.code, 452);
});

Deno.test("faults are temporary and have a reference that is logged", () => {
  const logged: unknown[] = [];
  const log: Log = {
    ...SILENT_LOG,
    error: (_event, fields) => logged.push(fields),
  };
  for (const thrown of [new TypeError("secret path /etc"), "text", undefined]) {
    const reply = formatRefusal(replyOfError(thrown, log));
    assert.match(
      reply,
      /^451 4\.3\.0 Local error.*reference [0-9a-f]{8}\)\r\n$/,
    );
    assert.ok(!reply.includes("secret"));
    const { reference } = logged.at(-1) as { reference: string };
    assert.ok(reply.includes(reference));
  }
});

Deno.test("no text can begin another line or be too long", () => {
  const text = `a\r\n250 ok\u0085\u2028ä${"x".repeat(1000)}`;
  const reply = formatRefusal(new SmtpError(550, "7.1", text));
  assert.equal(reply.indexOf("\r\n"), reply.length - 2);
  assert.ok(reply.length <= 512);
  assert.match(reply, /^[\x20-\x7e]*\r\n$/);
});

Deno.test("a refused greeting has no enhanced code", () => {
  const greeting = (code: 421 | 451 | 550): string =>
    formatRefusedGreeting(new SmtpError(code, "7.1", "No"));
  assert.equal(greeting(550), "554 No\r\n");
  assert.equal(greeting(451), "421 No\r\n");
});

Deno.test("every reply of the lists is one well-formed line", () => {
  const lines = [
    ...Object.values(REPLIES),
    ...Object.values(REFUSALS).map((refusal) => formatRefusal(refusal())),
  ];
  for (const line of lines) {
    assert.match(line, /^[2-5][0-9]{2} [\x20-\x7e]+\r\n$/);
    const [code = "", enhanced = ""] = line.split(" ");
    if (code !== "354") assert.equal(enhanced[0], code[0], line);
  }
});
