import assert from "node:assert/strict";
import { hiddenFor } from "./hidden_for.ts";

Deno.test("accounts are named or matched, and rules add up", () => {
  const hidden = hiddenFor([
    {
      account: [{ kind: "equal", text: "a@x.test" }],
      capability: ["qresync"],
    },
    {
      account: [{ kind: "expression", source: "@x\\.test$", flags: "" }],
      capability: ["NOTIFY", "IMAP4rev2"],
    },
  ]);
  assert.deepEqual([...hidden("a@x.test")], ["QRESYNC", "NOTIFY", "IMAP4REV2"]);
  assert.deepEqual([...hidden("b@x.test")], ["NOTIFY", "IMAP4REV2"]);
  assert.deepEqual([...hidden("b@y.test")], []);
});
