/** `queue` and `remote` together, with real DNS and a real server. */
import assert from "node:assert/strict";
import type { ConfigOf } from "#src/config/directive.ts";
import { SystemResolver } from "#src/dns/system_resolver.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import type { Host } from "#src/module/host.ts";
import { ContextValues } from "#src/module/roles/context.ts";
import type { MessageView } from "#src/queue/queued.ts";
import { DnsServer } from "#tests/support/dns_server.ts";
import { FakeDelivery } from "#tests/support/fake_delivery.ts";
import {
  sampleEnvelope,
  sampleMessage,
  sampleRecipient,
} from "#tests/support/sample_envelope.ts";
import { SmtpSink } from "#tests/support/smtp_sink.ts";
import { testGlobals, testHost } from "#tests/support/test_host.ts";
import { until } from "#tests/support/until.ts";
import { queue } from "./queue.ts";
import { remote } from "./remote.ts";

const QUEUE: ConfigOf<typeof queue.config> = {
  target: { role: "delivery", instance: "remote" },
  bounce: { role: "delivery", instance: "sqlmail" },
  retry: [3_600_000],
  max_age: 86_400_000,
  delay_warning: 0,
  concurrency: 10,
  domain_concurrency: 5,
  batch: 100,
  max_received: 50,
  account_messages: 0,
  account_new_recipients: 0,
  inline_size: 1_000,
};

Deno.test("mail goes from the queue to its host, and back as a report", async () => {
  const folder = await Deno.makeTempDir({ prefix: "queue-module-" });
  const sink = await SmtpSink.start();
  const dns = await DnsServer.start({
    "far.test": { MX: [[10, "mx.far.test"]] },
    "mx.far.test": { A: ["127.0.0.1"] },
    "gone.test": { MX: [[0, ""]] },
    "sick.test": { fail: "SERVFAIL" },
  });
  const resolver = new SystemResolver({
    servers: [{ address: "127.0.0.1", port: dns.port }],
  });
  const base = testHost({
    resolver,
    globals: testGlobals({ state_dir: folder }),
  });
  const { signal } = new AbortController();
  const sender = remote.create({
    port: sink.port,
    tls: "opportunistic",
    helo: undefined,
    address_literals: false,
    connect_timeout: 5_000,
    command_timeout: 5_000,
    data_timeout: 5_000,
    idle_time: 1_000,
    connections_per_host: 5,
    messages_per_connection: 10,
  }, base);
  const accounts = new FakeDelivery();
  const host: Host = {
    ...base,
    use:
      ((ref: { instance: string }) =>
        ref.instance === "remote" ? sender.delivery : accounts) as Host["use"],
  };
  const instance = await queue.create(QUEUE, host);
  await queue.prepare?.(QUEUE, host);
  await sender.start?.(signal);
  await instance.start?.(signal);
  try {
    const transaction = await instance.delivery.start(sampleEnvelope(), {
      values: new ContextValues(),
      options: {},
      signal,
      log: SILENT_LOG,
    });
    for (const to of ["a@far.test", "b@gone.test", "c@sick.test"]) {
      await transaction.addRecipient(sampleRecipient(to));
    }
    await transaction.body(sampleMessage("x".repeat(5_000)));
    await transaction.commit();
    await until(
      "one is delivered, one reported",
      () => sink.messages.length === 1 && accounts.delivered.length === 1,
    );
    assert.deepEqual(sink.messages[0]?.to, ["a@far.test"]);
    assert.match(
      accounts.delivered[0]?.body ?? "",
      /Final-Recipient: rfc822; b@gone\.test\r\nAction: failed\r\nStatus: 5\.1\.10/,
    );
    const list = async () =>
      await instance.admin.call("list", {}) as readonly MessageView[];
    await until(
      "the sick one waits",
      async () =>
        (await list()).flatMap((m) => m.recipients).map((r) =>
          `${r.address} ${r.state} ${r.attempts}`
        ).join() === "c@sick.test queued 1",
    );

    // The name server is well again; a person asks for another attempt.
    dns.zone = {
      ...dns.zone,
      "sick.test": { MX: [[10, "mx.far.test"]] },
    };
    await instance.admin.call("retry", { all: true });
    await until("all is delivered", async () => (await list()).length === 0);
    assert.deepEqual(sink.messages[1]?.to, ["c@sick.test"]);
  } finally {
    await instance.drain?.();
    await instance.stop?.();
    await sender.stop?.();
    await sink.stop();
    await dns.stop();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("queue may only touch its own folder, and only where it lives", () => {
  const setting = { instance: "q", globals: testGlobals() };
  const folder = "/nonexistent/queue/q";
  assert.deepEqual(
    queue.permissions(QUEUE, { ...setting, worker: "delivery" }),
    {
      read: [folder],
      write: [folder],
    },
  );
  assert.deepEqual(
    queue.permissions(QUEUE, { ...setting, worker: "endpoint" }),
    {},
  );
});

Deno.test("the command line sees the queue and sends nothing", async () => {
  const folder = await Deno.makeTempDir({ prefix: "queue-module-" });
  const host: Host = {
    ...testHost({ globals: testGlobals({ state_dir: folder }) }),
    worker: "cli",
  };
  const instance = await queue.create(QUEUE, host);
  try {
    const { signal } = new AbortController();
    await instance.start?.(signal);
    const transaction = await instance.delivery.start(sampleEnvelope(), {
      values: new ContextValues(),
      options: {},
      signal,
      log: SILENT_LOG,
    });
    await transaction.addRecipient(sampleRecipient("a@far.test"));
    await transaction.body(sampleMessage());
    await transaction.commit();
    const list = await instance.admin.call("queue.list", {
      domain: "FAR.test",
      state: undefined,
    }) as readonly MessageView[];
    assert.deepEqual(
      list.flatMap((message) => message.recipients).map((r) => r.attempts),
      [0],
    );
    assert.deepEqual(
      await instance.admin.call("queue.list", { state: "held" }),
      [],
    );
  } finally {
    await instance.stop?.();
    await Deno.remove(folder, { recursive: true });
  }
});
