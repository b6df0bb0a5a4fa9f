import assert from "node:assert/strict";
import type { Auth } from "#src/module/roles/auth.ts";
import { FaultyDelivery } from "#tests/support/faulty_delivery.ts";
import {
  codes,
  LOGGED_IN,
  MESSAGE,
  PipelineBench,
  type Sent,
} from "#tests/support/pipeline_bench.ts";
import { authorAddresses } from "./author_addresses.ts";

const OWN = "alice@example.org";
let asked = 0;
const auth: Auth = {
  checkPlain: () => Promise.reject(new Error("not here")),
  mayUse: (identity, address) => {
    asked++;
    return Promise.resolve(
      address.toLowerCase() === identity.account ||
        address === "sales@example.org",
    );
  },
};

const box = new FaultyDelivery();
const bench = new PipelineBench("delivery box", {
  auth,
  deliveries: { box },
}, {
  settings: { kind: "submission", sender_check: true, submission: true },
});

function send(from: string, fromField: string): Promise<Sent> {
  const message = `${fromField}\r\n${
    MESSAGE.slice(MESSAGE.indexOf("\r\n") + 2)
  }`;
  return bench.send(["x@elsewhere.test"], {
    from,
    message,
    session: LOGGED_IN,
  });
}

Deno.test("own addresses pass, asked about once", async () => {
  asked = 0;
  const sent = await send(OWN, `From: "Alice, of X" <${OWN}>`);
  assert.deepEqual(sent.results, [undefined]);
  assert.equal(asked, 1);
  const sales = await send("", "From: sales@example.org");
  assert.deepEqual(sales.results, [undefined]);
});

Deno.test("another's address is refused at MAIL and in From", async () => {
  const { mail } = await send("boss@example.org", `From: ${OWN}`);
  assert.equal(mail && codes(mail), "553 5.7.1");
  const fields = [
    "From: boss@example.org",
    `From: ${OWN}, boss@example.org`,
    `From: ${OWN} <boss@example.org>`,
    `From: "${OWN}" <boss@example.org>`,
    `From: (${OWN}) boss@example.org`,
    `From: Team: ${OWN}, boss@example.org;`,
    "From: <boss@\r\n example.org>",
  ];
  for (const field of fields) {
    assert.deepEqual((await send(OWN, field)).results, ["550 5.7.1"], field);
  }
});

Deno.test("From fields that nobody understands alike are refused", async () => {
  const fields = [
    `From: ${OWN}\r\nFrom: boss@example.org`,
    `From: <${OWN}> <boss@example.org>`,
    `From: "${OWN}`,
    `From: (${OWN}`,
    `From: <${OWN}`,
    // What is dropped as the name of a group may be shown as the author.
    `From: <boss@example.org>: ${OWN};`,
    `From: boss@example.org: ${OWN};`,
    `From: boss@example.org:;`,
    `From: Team: boss@example.org: ${OWN};`,
    `From: <${OWN}> boss@example.org`,
    `From: <${OWN}> "boss@example.org"`,
  ];
  for (const field of fields) {
    assert.deepEqual((await send(OWN, field)).results, ["550 5.6.0"], field);
  }
});

Deno.test("nobody else can be named as the author in another field", async () => {
  for (const name of ["Sender", "Resent-From", "Resent-Sender"]) {
    const own = await send(OWN, `From: ${OWN}\r\n${name}: ${OWN}`);
    assert.deepEqual(own.results, [undefined], name);
    const other = await send(OWN, `From: ${OWN}\r\n${name}: boss@example.org`);
    assert.deepEqual(other.results, ["550 5.7.1"], name);
  }
});

Deno.test("submission wants an author that every reader finds", async () => {
  const fields = [
    "X-Other: x",
    "Sender: alice@example.org",
    ` From: boss@example.org\r\nFrom: ${OWN}`,
    `\tFrom: boss@example.org\r\nFrom: ${OWN}`,
    "\r\nFrom: boss@example.org",
  ];
  for (const field of fields) {
    assert.deepEqual((await send(OWN, field)).results, ["550 5.6.0"], field);
  }
});

Deno.test("the header of a binary message has whole line ends", async () => {
  const fields = ["X: y\rFrom: b@c.test", "X: y\nFrom: b@c.test", "X: y\r\r"];
  for (const field of fields) {
    const sent = await bench.send(["x@elsewhere.test"], {
      from: OWN,
      session: LOGGED_IN,
      parameters: { body: "BINARYMIME" },
      message: `Subject: x\r\n${field}\r\n\r\nbody\n\r\n`,
    });
    assert.deepEqual(sent.results, ["550 5.6.0"], field);
  }
});

Deno.test("submission adds Date and Message-ID only where they are missing", async () => {
  box.delivered.length = 0;
  await bench.send(["x@elsewhere.test"], {
    from: OWN,
    session: LOGGED_IN,
    message: `From: ${OWN}\r\nSubject: x\r\n\r\nbody\r\n`,
  });
  await send(OWN, `From: ${OWN}`);
  const [added, kept] = box.delivered.map(({ text }) => text);
  assert.match(
    added ?? "",
    /^Received: from client\.test .*with ESMTPSA\r\n\t\(TLSv1\.3 TLS_AES_256_GCM_SHA384\) id .*Date: \w+, .* \+0000\r\nMessage-ID: <[0-9a-z]+@mx\.example\.org>\r\nFrom:/s,
  );
  assert.equal(kept?.match(/^(?:Date|Message-ID):/gm)?.length, 2);
});

Deno.test("addresses are read out of every form of a From field", () => {
  const read = (text: string): readonly string[] | undefined =>
    authorAddresses(new TextEncoder().encode(text));
  assert.deepEqual(read(" a@b.test"), ["a@b.test"]);
  assert.deepEqual(read('"x, y" <a@b.test>, c@d.test'), [
    "a@b.test",
    "c@d.test",
  ]);
  assert.deepEqual(read("G: a@b.test, <c@d.test>;"), ["a@b.test", "c@d.test"]);
  assert.deepEqual(read('"a b"@c.test'), ['"a b"@c.test']);
  assert.deepEqual(read(" a (x (y) \\)) @ b.test"), ["a@b.test"]);
  assert.deepEqual(read("undisclosed:;"), []);
  assert.equal(read(">"), undefined);
  assert.equal(read("(".repeat(60_000)), undefined);
});
