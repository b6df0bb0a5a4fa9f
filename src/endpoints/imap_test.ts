import assert from "node:assert/strict";
import { makeAuthority, makeLeaf } from "#src/certificates/make_certificate.ts";
import type { Host } from "#src/module/host.ts";
import type { Ref } from "#src/module/ref.ts";
import type { RoleName, Roles } from "#src/module/roles/roles.ts";
import { ImapTestServer } from "#tests/support/imap_server.ts";
import { testGlobals, testHost } from "#tests/support/test_host.ts";
import { imap } from "./imap.ts";

const AUTHORITY = makeAuthority("test", Date.now(), 2);
const LEAF = makeLeaf(AUTHORITY, ["localhost"], Date.now(), 2);

const MAY_USE = true;

type TlsMode = "auto" | "implicit" | "starttls" | "off";

/** Runs the endpoint on a free port of this machine. */
async function withEndpoint(
  tls_mode: TlsMode,
  run: (port: number, drain: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const back = new ImapTestServer();
  const roles: Partial<Roles> = {
    storage: back.storage,
    auth: {
      ...back.services.auth as Roles["auth"],
      mayUse: () => Promise.resolve(MAY_USE),
    },
    certificates: {
      get: () =>
        Promise.resolve({
          chain: LEAF.certificate + AUTHORITY.certificate,
          key: LEAF.key,
        }),
      onChange: () => () => {},
    },
  };
  const host: Host = {
    ...testHost({ globals: testGlobals({ drain_time: 2000 }) }),
    addresses: ["127.0.0.1:0"],
    use<R extends RoleName>(ref: Ref<R>): Roles[R] {
      const role = roles[ref.role];
      if (role === undefined) throw new Error(`No ${ref.role}`);
      return role as Roles[R];
    },
  };
  const instance = await imap.create({
    storage: { role: "storage", instance: "s" },
    auth: { role: "auth", instance: "a" },
    tls: { role: "certificates", instance: "c" },
    tls_mode,
    client_ca: undefined,
    insecure_auth: false,
    idle_timeout: 60_000,
    max_sessions: 30,
    max_connections: 0,
    max_connection_rate: 0,
    administrators: [],
    hide_capability: [],
    hide_capability_for: [],
  }, host);
  await instance.start?.(AbortSignal.timeout(10_000));
  const port = Number.parseInt(
    instance.endpoint.addresses[0]?.split(":")[1] ?? "",
    10,
  );
  try {
    await run(port, async () => await instance.drain?.());
  } finally {
    await instance.stop?.();
    await back.stop();
  }
}

/** Everything up to a line that begins with the word, or to the end. */
async function until(conn: Deno.Conn, word: string): Promise<string> {
  const chunk = new Uint8Array(4096);
  let text = "";
  while (!text.split("\r\n").slice(0, -1).some((l) => l.startsWith(word))) {
    const count = await conn.read(chunk);
    if (count === null) return text;
    text += new TextDecoder().decode(chunk.subarray(0, count));
  }
  return text;
}

async function send(conn: Deno.Conn, text: string): Promise<void> {
  await conn.write(new TextEncoder().encode(text));
}

Deno.test("TLS from the first byte", () =>
  withEndpoint("implicit", async (port, drain) => {
    const conn = await Deno.connectTls({
      hostname: "localhost",
      port,
      caCerts: [AUTHORITY.certificate],
    });
    assert.match(await until(conn, "* OK"), /AUTH=PLAIN/);
    await send(conn, "a LOGIN alice secret\r\nb SELECT INBOX\r\n");
    assert.match(await until(conn, "b "), /a OK[^]*b OK \[READ-WRITE\]/);
    await drain();
    assert.match(await until(conn, "* BYE"), /\* BYE/);
    conn.close();
  }));

Deno.test("STARTTLS, and only then passwords", () =>
  withEndpoint("auto", async (port) => {
    const plain = await Deno.connect({ hostname: "127.0.0.1", port });
    assert.match(await until(plain, "* OK"), /STARTTLS LOGINDISABLED/);
    await send(plain, "a LOGIN alice secret\r\n");
    assert.match(await until(plain, "a "), /NO \[PRIVACYREQUIRED\]/);
    await send(plain, "b STARTTLS\r\n");
    assert.match(await until(plain, "b "), /b OK/);
    const conn = await Deno.startTls(plain, {
      hostname: "localhost",
      caCerts: [AUTHORITY.certificate],
    });
    await send(conn, "c CAPABILITY\r\nd STARTTLS\r\ne LOGIN alice secret\r\n");
    const answer = await until(conn, "e ");
    assert.match(answer, /AUTH=PLAIN/);
    assert.doesNotMatch(answer.split("c OK")[0] ?? "", /STARTTLS|LOGINDIS/);
    assert.match(answer, /d BAD[^]*e OK/);
    conn.close();
  }));

Deno.test("commands sent behind STARTTLS end the connection", () =>
  withEndpoint("starttls", async (port) => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await until(conn, "* OK");
    await send(conn, "a STARTTLS\r\nb NOOP\r\n");
    const answer = await until(conn, "never");
    assert.match(answer, /\* BYE/);
    assert.doesNotMatch(answer, /a OK|b OK/);
    conn.close();
  }));

Deno.test("a client that speaks no TLS where it has to is sent away", () =>
  withEndpoint("implicit", async (port) => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await send(conn, "a NOOP\r\n");
    const chunk = new Uint8Array(100);
    while ((await conn.read(chunk).catch(() => null)) !== null);
    conn.close();
  }));

Deno.test("without TLS there is no STARTTLS", () =>
  withEndpoint("off", async (port) => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    assert.doesNotMatch(await until(conn, "* OK"), /STARTTLS/);
    await send(conn, "a STARTTLS\r\n");
    assert.match(await until(conn, "a "), /a BAD/);
    conn.close();
  }));
