/** The client's side of SCRAM-SHA-256, for tests. RFC 5802 section 3. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

/** What a client says and expects. */
export class ScramClient {
  readonly #password: string;
  readonly #header: string;
  readonly #binding: Uint8Array;
  readonly #bare: string;
  #expected = "";

  /** `header` is the GS2 header, as `n,,`; `binding` what it binds to. */
  constructor(
    user: string,
    password: string,
    header = "n,,",
    binding: Uint8Array = new Uint8Array(0),
  ) {
    this.#password = password;
    this.#header = header;
    this.#binding = binding;
    this.#bare = `n=${user},r=fyko+d2lbbFgONRv9qkxdawL`;
  }

  first(): string {
    return `${this.#header}${this.#bare}`;
  }

  /** The answer to the server's first message. */
  final(serverFirst: string): string {
    const [, nonce = "", salt = "", count = ""] =
      /^r=([^,]+),s=([^,]+),i=([0-9]+)$/.exec(serverFirst) ?? [];
    assert.notEqual(nonce, "", serverFirst);
    const salted = pbkdf2Sync(
      this.#password,
      Buffer.from(salt, "base64"),
      Number(count),
      32,
      "sha256",
    );
    const header = new TextEncoder().encode(this.#header);
    const bound = Buffer.concat([header, this.#binding]).toString("base64");
    const final = `c=${bound},r=${nonce}`;
    const signed = `${this.#bare},${serverFirst},${final}`;
    const clientKey = hmac(salted, "Client Key");
    const stored = createHash("sha256").update(clientKey).digest();
    const signature = hmac(stored, signed);
    const proof = clientKey.map((byte, i) => byte ^ (signature[i] ?? 0));
    const verifier = hmac(hmac(salted, "Server Key"), signed);
    this.#expected = `v=${Buffer.from(verifier).toString("base64")}`;
    return `${final},p=${Buffer.from(proof).toString("base64")}`;
  }

  /** The server has proved that it knows the keys. */
  verify(serverFinal: string): void {
    assert.equal(serverFinal, this.#expected);
  }
}

function hmac(key: Uint8Array, text: string): Uint8Array {
  return createHmac("sha256", key).update(text).digest();
}
