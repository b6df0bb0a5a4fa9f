import assert from "node:assert/strict";
import { OAUTHBEARER, XOAUTH2 } from "./bearer.ts";
import type { SaslMechanism, SaslStep } from "./mechanism.ts";

function respond(mechanism: SaslMechanism, text: string): SaslStep {
  return mechanism.begin().respond(new TextEncoder().encode(text));
}

// The example of RFC 7628 section 4.1, without its escaping.
const EXAMPLE = "n,a=user@example.com,\x01host=server.example.com\x01" +
  "port=143\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";

Deno.test("OAUTHBEARER reads user and token", () => {
  assert.deepEqual(respond(OAUTHBEARER, EXAMPLE), {
    kind: "token",
    user: "user@example.com",
    token: "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
  });
  assert.deepEqual(respond(OAUTHBEARER, "n,,\x01auth=bearer abc\x01\x01"), {
    kind: "token",
    user: "",
    token: "abc",
  });
  const escaped = "y,a=a=3Db=2Cc,\x01auth=Bearer abc\x01\x01";
  const step = respond(OAUTHBEARER, escaped);
  assert.equal(step.kind === "token" && step.user, "a=b,c");
});

Deno.test("XOAUTH2 reads user and token", () => {
  const text = "user=someuser@example.com\x01auth=Bearer ya29.vF9dft4q\x01\x01";
  assert.deepEqual(respond(XOAUTH2, text), {
    kind: "token",
    user: "someuser@example.com",
    token: "ya29.vF9dft4q",
  });
});

Deno.test("what is no message of the mechanism is malformed", () => {
  const broken = [
    "",
    "n,,",
    "n,,\x01\x01",
    "n,,\x01auth=Basic abc\x01\x01",
    "n,,\x01auth=Bearer \x01\x01",
    "n,,\x01auth=Bearer a b\x01\x01",
    "n,,\x01auth=Bearer a\x01",
    "n,,\x01auth=Bearer a\x01auth=Bearer b\x01\x01",
    "n,a=x=41,\x01auth=Bearer a\x01\x01",
    "p=tls-unique,,\x01auth=Bearer a\x01\x01",
    `n,,\x01auth=Bearer ${"a".repeat(9_000)}\x01\x01`,
    "n,,\x01auth=Bearer a\0\x01\x01",
  ];
  for (const text of broken) {
    assert.equal(respond(OAUTHBEARER, text).kind, "malformed", text);
  }
  for (const text of ["", "user=\x01auth=Bearer a\x01\x01", EXAMPLE]) {
    assert.equal(respond(XOAUTH2, text).kind, "malformed", text);
  }
});

Deno.test("a refusal is told as JSON and stays one", () => {
  const exchange = OAUTHBEARER.begin();
  const encoder = new TextEncoder();
  assert.equal(exchange.respond(encoder.encode(EXAMPLE)).kind, "token");
  const step = exchange.tokenRefused?.();
  assert.ok(step?.kind === "challenge");
  assert.equal(
    JSON.parse(new TextDecoder().decode(step.data)).status,
    "invalid_token",
  );
  assert.equal(exchange.respond(Uint8Array.of(1)).kind, "refused");
  assert.equal(exchange.respond(encoder.encode(EXAMPLE)).kind, "refused");
});
