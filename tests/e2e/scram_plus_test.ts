/** SCRAM-SHA-256-PLUS over real TLS: the client hashes what it was shown. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { connect, type TLSSocket } from "node:tls";
import { ScramClient } from "#tests/support/scram_client.ts";
import { withServer } from "#tests/support/server.ts";

const USER = "alice@example.test";
const PASSWORD = "secret";
const DEADLINE_MS = 20_000;

/** The lines that a server says, one at a time. */
async function* linesOf(socket: TLSSocket): AsyncGenerator<string, void> {
  let rest = "";
  for await (const chunk of socket) {
    const lines = (rest + String(chunk)).split("\r\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

function decode(line: string | void): string {
  return Buffer.from(String(line).slice(2), "base64").toString();
}

function encode(text: string): string {
  return `${Buffer.from(text).toString("base64")}\r\n`;
}

/** Logs in, bound to `certificate`; gives the tagged answer. */
async function logIn(
  port: number,
  certificate: (shown: Uint8Array) => Uint8Array,
): Promise<string> {
  const socket = connect({
    port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
  });
  socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error("Too slow")));
  try {
    const lines = linesOf(socket);
    const next = async (): Promise<string> =>
      String((await lines.next()).value ?? "");
    assert.match(await next(), /AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 /);
    const shown = new Uint8Array(socket.getPeerCertificate().raw);
    const client = new ScramClient(
      USER,
      PASSWORD,
      "p=tls-server-end-point,,",
      createHash("sha256").update(certificate(shown)).digest(),
    );
    socket.write(`a AUTHENTICATE SCRAM-SHA-256-PLUS ${encode(client.first())}`);
    socket.write(encode(client.final(decode(await next()))));
    const answer = await next();
    if (!answer.startsWith("+ ")) return answer;
    client.verify(decode(answer));
    socket.write("\r\n");
    return await next();
  } finally {
    socket.destroy();
  }
}

Deno.test("a login is bound to the certificate that the client was shown", () =>
  withServer(
    { accounts: { [USER]: PASSWORD }, waitFor: ["imaps"] },
    async ({ ports }) => {
      assert.match(await logIn(ports.imaps, (shown) => shown), /^a OK /);
      const other = (shown: Uint8Array): Uint8Array => shown.subarray(1);
      assert.match(await logIn(ports.imaps, other), /^a BAD /);
    },
  ));
