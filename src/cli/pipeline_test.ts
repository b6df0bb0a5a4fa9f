import assert from "node:assert/strict";
import { inFolder } from "#tests/support/in_folder.ts";
import { pipeline, type RunResult } from "./pipeline.ts";

const TEXT = `
hostname example.org
state_dir state
workers 0
static aliases {
  entry sales@example.org ann@example.org ben@example.org
}
files archive { folder archive }
lmtp 127.0.0.1:24 {
  rewrite rcpt aliases
  match header Subject /spam/ { reject 550 5.7.1 "Not wanted" }
  match rcpt nobody@example.org { reject 550 5.1.1 "Nobody" }
  match local { delivery archive }
}
lmtp 127.0.0.1:25 {
  require-auth
  delivery archive
}
`;

function message(subject: string): Uint8Array {
  return new TextEncoder().encode(`Subject: ${subject}\r\n\r\nbody\r\n`);
}

function codes(results: readonly RunResult[]): readonly string[] {
  return results.map(({ rcptTo, error }) =>
    `${rcptTo} ${error === undefined ? "ok" : error.message}`
  );
}

/** The messages that were archived. */
function archived(folder: string): readonly string[] {
  const archive = `${folder}/state/archive`;
  return [...Deno.readDirSync(archive)]
    .map(({ name }) => Deno.readTextFileSync(`${archive}/${name}`));
}

Deno.test("the steps of a configuration run in a program of one's own", () =>
  inFolder(async (folder) => {
    const text = TEXT.replace("state_dir state", `state_dir ${folder}/state`);
    await using mail = await pipeline(text);
    const to = ["sales@example.org", "nobody@example.org", "x@far.test"];
    const some = await mail.run(
      { mailFrom: "a@far.test", rcptTo: to },
      message("hello"),
    );
    assert.deepEqual(codes(some), [
      "sales@example.org ok",
      "nobody@example.org 550 Nobody",
      "x@far.test 550 Relaying denied",
    ]);
    const [kept, ...more] = archived(folder);
    assert.deepEqual(more, []);
    assert.match(kept ?? "", /^Return-Path: <a@far\.test>\r\n/);
    assert.match(kept ?? "", /Delivered-To: ann@example\.org\r\n/);
    assert.match(kept ?? "", /\r\nSubject: hello\r\n\r\nbody\r\n$/);

    const stream = new Blob([message("spam").slice()]).stream();
    const refused = await mail.run(
      { mailFrom: "", rcptTo: ["ann@example.org"] },
      stream,
    );
    assert.deepEqual(codes(refused), ["ann@example.org 550 Not wanted"]);
    assert.equal(archived(folder).length, 1);
    await assert.rejects(pipeline(text), /runs|holds|state/);
  }));

Deno.test("a pipeline is named by its endpoint, and can be told who logged in", () =>
  inFolder(async (folder) => {
    const text = TEXT.replace("state_dir state", `state_dir ${folder}/state`);
    const options = { endpoint: "127.0.0.1:25" };
    const mail = await pipeline(text, options);
    try {
      const to = { mailFrom: "a@far.test", rcptTo: ["ann@example.org"] };
      assert.deepEqual(codes(await mail.run(to, message("x"))), [
        "ann@example.org 530 Authentication required",
      ]);
      const identity = { account: "ann@example.org", auth: "none" };
      assert.deepEqual(
        codes(await mail.run({ ...to, identity }, message("x"))),
        ["ann@example.org ok"],
      );
      assert.equal(archived(folder).length, 1);
    } finally {
      await mail.close();
    }
    await assert.rejects(
      mail.run({ mailFrom: "", rcptTo: [] }, message("x")),
      /closed/,
    );
    // The state is free again.
    await (await pipeline(text, options)).close();
    await assert.rejects(pipeline(text, { endpoint: "x:1" }), /no endpoint/);
  }));

Deno.test("all mistakes of the text are told at once", () =>
  assert.rejects(
    pipeline("hostnme a.test\nlmtp 127.0.0.1:24 {\n  delivry x\n}\n"),
    (error) =>
      error instanceof TypeError && /hostnme[^]*delivry/.test(error.message),
  ));
