import assert from "node:assert/strict";
import { SILENT_LOG } from "#src/log/log.ts";
import { ContextValues } from "#src/module/roles/context.ts";
import {
  sampleEnvelope,
  sampleMessage,
  sampleRecipient,
} from "#tests/support/sample_envelope.ts";
import { testHost } from "#tests/support/test_host.ts";
import { files } from "./files.ts";

Deno.test("files writes one file for all recipients, nothing before commit", async () => {
  const folder = await Deno.makeTempDir({ prefix: "file-" });
  try {
    const { delivery } = files.create({ folder }, testHost());
    const transaction = await delivery.start({
      ...sampleEnvelope(),
      id: "../../etc/x",
    }, {
      values: new ContextValues(),
      options: {},
      signal: new AbortController().signal,
      log: SILENT_LOG,
    });
    await transaction.addRecipient(sampleRecipient("a@x.test"));
    await transaction.addRecipient(sampleRecipient("b@x.test"));
    await transaction.body(sampleMessage());
    assert.deepEqual([...Deno.readDirSync(folder)], []);
    const results = await transaction.commit();
    assert.deepEqual(results.map((result) => result.ok), [true, true]);
    const names = [...Deno.readDirSync(folder)].map((entry) => entry.name);
    assert.equal(names.length, 1);
    assert.match(names[0] ?? "", /^[A-Za-z0-9._-]+\.eml$/);
    assert.equal(
      await Deno.readTextFile(`${folder}/${names[0]}`),
      "Return-Path: <alice@here.test>\r\nDelivered-To: a@x.test\r\n" +
        "Delivered-To: b@x.test\r\nSubject: test\r\n\r\nHello\r\n",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
