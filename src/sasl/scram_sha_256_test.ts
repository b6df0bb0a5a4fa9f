import assert from "node:assert/strict";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { ScramClient } from "#tests/support/scram_client.ts";
import type { SaslStep, ScramCredentials } from "./mechanism.ts";
import { type ChannelBinding, scramSha256 } from "./scram_sha_256.ts";

const OPTIONS = {
  random: (bytes: number): Uint8Array => new Uint8Array(bytes).fill(9),
};
const BINDING: ChannelBinding = {
  type: "tls-server-end-point",
  data: new Uint8Array(32).fill(0xab),
};
const PLUS_HEADER = "p=tls-server-end-point,,";

function keysOf(password: string): ScramCredentials {
  const salt = new Uint8Array(16).fill(7);
  const salted = pbkdf2Sync(password, salt, 4096, 32, "sha256");
  const key = (text: string): Uint8Array =>
    createHmac("sha256", salted).update(text).digest();
  return {
    salt,
    iterations: 4096,
    storedKey: createHash("sha256").update(key("Client Key")).digest(),
    serverKey: key("Server Key"),
  };
}

/** Runs an exchange of a mechanism; gives how it ended. */
function exchange(
  name: string,
  binding: ChannelBinding | undefined,
  client: ScramClient,
): SaslStep["kind"] {
  const mechanism = scramSha256(OPTIONS, binding)
    .find((one) => one.name === name);
  assert.ok(mechanism !== undefined, `${name} is not offered`);
  const server = mechanism.begin();
  const encoder = new TextEncoder();
  let step = server.respond(encoder.encode(client.first()));
  if (step.kind !== "scram") return step.kind;
  step = server.credentials?.(keysOf("pencil"), true) ?? step;
  assert.ok(step.kind === "challenge");
  const final = client.final(new TextDecoder().decode(step.data));
  step = server.respond(encoder.encode(final));
  if (step.kind === "proved") {
    client.verify(new TextDecoder().decode(step.data));
  }
  return step.kind;
}

Deno.test("the password is proved, with and without channel binding", () => {
  const plain = new ScramClient("user", "pencil");
  assert.equal(exchange("SCRAM-SHA-256", undefined, plain), "proved");
  const bound = new ScramClient("user", "pencil", PLUS_HEADER, BINDING.data);
  assert.equal(exchange("SCRAM-SHA-256-PLUS", BINDING, bound), "proved");
  const wrong = new ScramClient("user", "pen", PLUS_HEADER, BINDING.data);
  assert.equal(exchange("SCRAM-SHA-256-PLUS", BINDING, wrong), "refused");
});

Deno.test("who sits between client and server has another certificate", () => {
  const other = new Uint8Array(32).fill(0xcd);
  const client = new ScramClient("user", "pencil", PLUS_HEADER, other);
  assert.equal(exchange("SCRAM-SHA-256-PLUS", BINDING, client), "malformed");
});

Deno.test("a list of mechanisms without -PLUS gives the tampering away", () => {
  const client = new ScramClient("user", "pencil", "y,,");
  assert.equal(exchange("SCRAM-SHA-256", undefined, client), "proved");
  assert.equal(exchange("SCRAM-SHA-256", BINDING, client), "malformed");
});

Deno.test("-PLUS wants a binding, and one of its type; the other none", () => {
  for (const header of ["n,,", "y,,", "p=tls-exporter,,", "p=tls-unique,,"]) {
    const client = new ScramClient("user", "pencil", header, BINDING.data);
    assert.equal(
      exchange("SCRAM-SHA-256-PLUS", BINDING, client),
      "malformed",
      header,
    );
  }
  const client = new ScramClient("user", "pencil", PLUS_HEADER, BINDING.data);
  assert.equal(exchange("SCRAM-SHA-256", BINDING, client), "malformed");
});

Deno.test("-PLUS is offered only where there is something to bind to", () => {
  const names = scramSha256(OPTIONS).map(({ name }) => name);
  assert.deepEqual(names, ["SCRAM-SHA-256"]);
});
