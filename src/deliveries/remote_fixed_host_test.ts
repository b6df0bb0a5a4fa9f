import assert from "node:assert/strict";
import { SILENT_LOG } from "#src/log/log.ts";
import { ContextValues } from "#src/module/roles/context.ts";
import type { Instance } from "#src/module/define.ts";
import { FakeResolver } from "#tests/support/fake_resolver.ts";
import {
  sampleEnvelope,
  sampleMessage,
  sampleRecipient,
} from "#tests/support/sample_envelope.ts";
import { ScriptedServer, SmtpSink } from "#tests/support/smtp_sink.ts";
import { testHost } from "#tests/support/test_host.ts";
import { lmtpClient } from "./lmtp_client.ts";
import { fixedHostPermissions } from "./remote_fixed_host.ts";
import { smarthost } from "./smarthost.ts";

const SENDER = {
  connect_timeout: 5_000,
  command_timeout: 5_000,
  data_timeout: 5_000,
  idle_time: 0,
  connections_per_host: 5,
  messages_per_connection: 10,
};

/** Sends one message; gives `250` or the refusal of each recipient. */
async function send(
  instance: Instance<"delivery">,
  to: readonly string[],
): Promise<readonly string[]> {
  const { signal } = new AbortController();
  await instance.start?.(signal);
  try {
    const transaction = await instance.delivery.start(sampleEnvelope(), {
      values: new ContextValues(),
      options: {},
      signal,
      log: SILENT_LOG,
    });
    for (const address of to) {
      await transaction.addRecipient(sampleRecipient(address));
    }
    await transaction.body(sampleMessage());
    const results = await transaction.commit();
    return results.map((result) =>
      result.ok ? "250" : `${result.error.code} ${result.error.enhanced}`
    );
  } finally {
    await instance.stop?.();
  }
}

Deno.test("smarthost logs in and hands over all domains together", async () => {
  const logins: string[] = [];
  const sink = await SmtpSink.start({
    authOptional: false,
    disabledCommands: [],
    onAuth: ({ username, password }, _session, done) => {
      logins.push(`${username} ${password}`);
      if (password === "secret") done(null, { user: username });
      else done(new Error("no"));
    },
  });
  const resolver = new FakeResolver({ "relay.test": { a: ["127.0.0.1"] } });
  const make = (password: string) =>
    smarthost.create({
      ...SENDER,
      host: "relay.test",
      port: sink.port,
      tls: "required",
      user: "me",
      password,
      helo: undefined,
    }, testHost({ resolver }));
  try {
    const to = ["a@x.test", "b@y.test"];
    assert.deepEqual(await send(make("secret"), to), ["250", "250"]);
    assert.deepEqual(sink.messages.map((message) => message.to), [to]);
    assert.deepEqual(await send(make("wrong"), ["a@x.test"]), ["451 4.7.0"]);
    assert.deepEqual(logins, ["me secret", "me wrong"]);
  } finally {
    await sink.stop();
  }
});

Deno.test("lmtp-client keeps the answers of the recipients apart", async () => {
  let answered = 0;
  const server = await ScriptedServer.start("220 hi\r\n", (line) => {
    if (line.startsWith("LHLO")) return "250-hi\r\n250 PIPELINING\r\n";
    if (line === "DATA") return "354 go\r\n";
    if (line === ".") {
      answered++;
      return "250 2.0.0 ok\r\n452 4.2.2 full\r\n250 2.0.0 ok\r\n";
    }
    if (line.startsWith("RCPT TO:<gone@")) return "550 5.1.1 gone\r\n";
    return /^(MAIL|RCPT)/.test(line) ? "250 ok\r\n" : undefined;
  });
  const instance = lmtpClient.create({
    ...SENDER,
    host: "127.0.0.1",
    port: server.port,
    tls: "off",
  }, testHost());
  try {
    assert.deepEqual(
      await send(instance, ["a@x.test", "gone@x.test", "b@x.test", "c@x.test"]),
      ["250", "550 5.1.1", "452 4.2.2", "250"],
    );
    assert.equal(answered, 1);
  } finally {
    await server.stop();
  }
});

Deno.test("a server given by its address is all that may be reached", () => {
  assert.deepEqual(fixedHostPermissions("192.0.2.1", 24), {
    connect: ["192.0.2.1:24"],
  });
  assert.deepEqual(fixedHostPermissions("2001:db8::1", 24), {
    connect: ["[2001:db8::1]:24"],
  });
  assert.deepEqual(fixedHostPermissions("mail.test", 24), {
    connect: ["*"],
    dns: true,
  });
});
