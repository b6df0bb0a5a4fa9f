/** Errors on their way to another worker and back. */
import assert from "node:assert/strict";
import { StorageError } from "#src/errors/errors.ts";
import { isDiskFull, systemCode } from "#src/errors/system_reason.ts";
import { statusOfError } from "#src/imap/status_of_error.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { faultReply } from "#src/pipeline/fault.ts";
import { fromWireError, toWireError } from "./wire_error.ts";

/** As another worker gets it. */
function arrived(error: unknown): Error {
  return fromWireError(structuredClone(toWireError(error, "ref1")));
}

Deno.test("a full disk of another worker is one here, too", () => {
  const full = new Error("blob not written", {
    cause: Object.assign(new Error("/secret/path: No space left"), {
      code: "ENOSPC",
    }),
  });
  const error = arrived(full);
  assert.ok(isDiskFull(error));
  assert.equal(error.message, "Internal error, reference ref1");
  assert.equal(error.cause, undefined);
  const reply = faultReply(error, SILENT_LOG);
  assert.deepEqual([reply.code, reply.enhanced], [452, "4.3.1"]);
  const { status, code, text } = statusOfError(error, () => "ref2");
  assert.deepEqual(
    [status, code, text],
    ["NO", "UNAVAILABLE", "No room now, reference ref2"],
  );
});

Deno.test("a surprise stays one, and its text stays where it was", () => {
  const error = arrived(new TypeError("password was hunter2"));
  assert.equal(error.message, "Internal error, reference ref1");
  assert.equal(systemCode(error), undefined);
  assert.equal(statusOfError(error, () => "r").code, "SERVERBUG");
  const busy = arrived(new StorageError("busy", "Not now"));
  assert.ok(busy instanceof StorageError && busy.kind === "busy");
});
