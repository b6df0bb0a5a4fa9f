import assert from "node:assert/strict";
import type { ConfigOf } from "#src/config/directive.ts";
import { MemoryBody } from "#src/message/body.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import { ContextValues } from "#src/module/roles/context.ts";
import type {
  DeliveryMessage,
  RecipientResult,
} from "#src/module/roles/delivery.ts";
import type { MailParameters, Recipient } from "#src/module/roles/session.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { DSN_PASSED_ON } from "#src/queue/dsn_passed_on.ts";
import { FakeResolver } from "#tests/support/fake_resolver.ts";
import { freePorts } from "#tests/support/free_ports.ts";
import {
  sampleEnvelope,
  sampleMessage,
  sampleRecipient,
} from "#tests/support/sample_envelope.ts";
import { ScriptedServer, SmtpSink } from "#tests/support/smtp_sink.ts";
import { testHost } from "#tests/support/test_host.ts";
import { remote } from "./remote.ts";

type Config = ConfigOf<typeof remote.config>;

const ZONE = {
  "far.test": { mx: [{ preference: 10, exchange: "mx.far.test" }] },
  "mx.far.test": { a: ["127.0.0.1"] },
  "bare.test": { a: ["127.0.0.1"] },
  "null.test": { mx: [{ preference: 0, exchange: "" }] },
  "empty.test": {},
  "broken.test": { error: "servfail" },
  "slow.test": { error: "timeout" },
  "deadmx.test": { mx: [{ preference: 10, exchange: "no.such.test" }] },
  "brokenmx.test": { mx: [{ preference: 10, exchange: "broken.test" }] },
  "backup.test": {
    mx: [
      { preference: 20, exchange: "mx.far.test" },
      { preference: 10, exchange: "dead.test" },
    ],
  },
  // Nothing listens on this address at the port of the sink.
  "dead.test": { a: ["127.0.0.2"] },
  "loop.test": {
    mx: [
      { preference: 10, exchange: "HERE.test" },
      { preference: 20, exchange: "mx.far.test" },
    ],
  },
  "self.test": { a: ["127.0.0.1"], aaaa: ["::1"] },
  "xn--mnchen-3ya.test": { a: ["127.0.0.1"] },
} as const;

function configOf(changes: Partial<Config>): Config {
  return {
    port: 25,
    tls: "opportunistic",
    helo: undefined,
    address_literals: false,
    connect_timeout: 5_000,
    command_timeout: 5_000,
    data_timeout: 5_000,
    idle_time: 60_000,
    connections_per_host: 20,
    messages_per_connection: 100,
    ...changes,
  };
}

/** One instance of `remote`. */
class Rig {
  readonly resolver = new FakeResolver(ZONE);
  readonly values = new ContextValues();
  readonly #instance: ReturnType<typeof remote.create>;

  constructor(changes: Partial<Config>) {
    const host = testHost({ resolver: this.resolver });
    this.#instance = remote.create(configOf(changes), host);
  }

  async start(): Promise<void> {
    await this.#instance.start?.(new AbortController().signal);
  }

  async stop(): Promise<void> {
    await this.#instance.stop?.();
  }

  async send(
    to: readonly (string | Recipient)[],
    options: {
      readonly from?: string;
      readonly parameters?: MailParameters;
      readonly message?: DeliveryMessage;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<readonly RecipientResult[]> {
    const transaction = await this.#instance.delivery.start(
      sampleEnvelope(options.from, options.parameters),
      {
        values: this.values,
        options: {},
        signal: options.signal ?? new AbortController().signal,
        log: SILENT_LOG,
      },
    );
    const refused: RecipientResult[] = [];
    for (const one of to) {
      const recipient = typeof one === "string" ? sampleRecipient(one) : one;
      const error = await transaction.addRecipient(recipient);
      if (error !== undefined) refused.push({ recipient, ok: false, error });
    }
    await transaction.body(options.message ?? sampleMessage());
    return [...refused, ...await transaction.commit()];
  }

  /** Results as text: `250` or code, enhanced code and text. */
  async answers(
    ...args: Parameters<Rig["send"]>
  ): Promise<readonly string[]> {
    const results = await this.send(...args);
    return results.map((result) =>
      result.ok
        ? "250"
        : `${result.error.code} ${result.error.enhanced} ${result.error.publicText}`
    );
  }
}

async function withRig(
  changes: Partial<Config>,
  use: (rig: Rig) => Promise<void>,
): Promise<void> {
  const rig = new Rig(changes);
  await rig.start();
  try {
    await use(rig);
  } finally {
    await rig.stop();
  }
}

/** A sink and an instance that sends to it. */
async function withSink(
  use: (rig: Rig, sink: SmtpSink) => Promise<void>,
  changes: Partial<Config> = {},
  options: Parameters<typeof SmtpSink.start>[0] = {},
): Promise<void> {
  const sink = await SmtpSink.start(options);
  try {
    await withRig({ port: sink.port, ...changes }, (rig) => use(rig, sink));
  } finally {
    await sink.stop();
  }
}

async function withScript(
  greeting: string,
  script: Parameters<typeof ScriptedServer.start>[1],
  use: (rig: Rig, server: ScriptedServer) => Promise<void>,
  changes: Partial<Config> = {},
): Promise<void> {
  const server = await ScriptedServer.start(greeting, script);
  try {
    await withRig({ port: server.port, ...changes }, (rig) => use(rig, server));
  } finally {
    await server.stop();
  }
}

Deno.test("mail goes over TLS to the host of the domain, byte for byte", async () => {
  await withSink(async (rig, sink) => {
    const message = sampleMessage("..dots\r\n.\r\n.x\r\nend without break");
    assert.deepEqual(await rig.answers(["bob@far.test"], { message }), ["250"]);
    const [got] = sink.messages;
    assert.equal(got?.from, "alice@here.test");
    assert.deepEqual(got.to, ["bob@far.test"]);
    assert.ok(got.secure);
    assert.equal(
      got.text,
      "Subject: test\r\n\r\n..dots\r\n.\r\n.x\r\nend without break\r\n",
    );
    assert.deepEqual(rig.resolver.queries, [
      "mx far.test",
      "aaaa mx.far.test",
      "a mx.far.test",
    ]);
  });
});

Deno.test("a domain without MX is its own host", async () => {
  await withSink(async (rig, sink) => {
    assert.deepEqual(await rig.answers(["bob@bare.test"], { from: "" }), [
      "250",
    ]);
    assert.equal(sink.messages[0]?.from, "");
  });
});

Deno.test("an international domain is asked for by its A-label", async () => {
  await withSink(async (rig, sink) => {
    assert.deepEqual(await rig.answers(["bob@münchen.test"]), ["250"]);
    assert.equal(sink.messages.length, 1);
  });
});

Deno.test("DNS decides between final and temporary failures", async () => {
  await withSink(async (rig) => {
    const codes = async (address: string) =>
      (await rig.answers([address])).map((text) => text.slice(0, 10).trim());
    assert.deepEqual(await codes("a@null.test"), ["556 5.1.10"]);
    assert.deepEqual(await codes("a@absent.test"), ["550 5.1.2"]);
    assert.deepEqual(await codes("a@broken.test"), ["451 4.4.3"]);
    assert.deepEqual(await codes("a@slow.test"), ["451 4.4.3"]);
    assert.deepEqual(await codes("a@brokenmx.test"), ["451 4.4.3"]);
    assert.deepEqual(await codes("a@deadmx.test"), ["550 5.4.4"]);
    assert.deepEqual(await codes("a@empty.test"), ["550 5.4.4"]);
    assert.deepEqual(await codes("a@[127.0.0.1]"), ["550 5.1.2"]);
  });
});

Deno.test("address literals are used where they are allowed", async () => {
  await withSink(async (rig, sink) => {
    assert.deepEqual(await rig.answers(["a@[127.0.0.1]", "a@[nonsense]"]), [
      "550 5.1.2 Address literals are not used here",
      "250",
    ]);
    assert.deepEqual(rig.resolver.queries, []);
    assert.deepEqual(sink.messages[0]?.to, ["a@[127.0.0.1]"]);
  }, { address_literals: true });
});

Deno.test("the next host is tried where the best is dead", async () => {
  await withSink(async (rig, sink) => {
    assert.deepEqual(await rig.answers(["bob@backup.test"]), ["250"]);
    assert.equal(sink.messages.length, 1);
  });
});

Deno.test("on port 25 mail never goes to ourselves", async () => {
  await withRig({ port: 25 }, async (rig) => {
    assert.deepEqual(
      await rig.answers(["a@loop.test", "a@self.test", "a@far.test"]),
      Array(3).fill("554 5.4.6 Mail for this domain loops back to us"),
    );
  });
});

Deno.test("each recipient has its own result", async () => {
  await withSink(async (rig, sink) => {
    sink.refuse = (address) => {
      if (address.startsWith("bad")) return [550, "5.1.1 No such user"];
      if (address.startsWith("full")) return [452, "4.2.2 Mailbox full"];
      return undefined;
    };
    const answers = await rig.answers([
      "bad@far.test",
      "good@far.test",
      "full@far.test",
      "good@far.test",
      "bad@bare.test",
    ]);
    assert.deepEqual(answers, [
      "550 5.1.1 No such user",
      "250",
      "452 4.2.2 Mailbox full",
      "250",
      "550 5.1.1 No such user",
    ]);
    assert.deepEqual(sink.messages.map((message) => message.to), [
      ["good@far.test"],
    ]);
  });
});

Deno.test("a refusal of the message is that of all who were taken", async () => {
  await withSink(async (rig, sink) => {
    sink.refuse = (address) =>
      address.startsWith("bad") ? [550, "5.1.1 No such user"] : undefined;
    sink.refuseData = () => [554, "5.7.1 Spam"];
    assert.deepEqual(await rig.answers(["good@far.test", "bad@far.test"]), [
      "554 5.7.1 Spam",
      "550 5.1.1 No such user",
    ]);
    sink.refuseData = () => undefined;
    assert.deepEqual(await rig.answers(["good@far.test"]), ["250"]);
    // The connection was reset and used again.
    assert.equal(sink.connections, 1);
  });
});

Deno.test("a connection is used again, up to its limits", async () => {
  await withSink(async (rig, sink) => {
    for (let i = 0; i < 5; i++) await rig.send(["bob@far.test"]);
    assert.equal(sink.messages.length, 5);
    assert.equal(sink.connections, 3);
    await Promise.all(
      Array.from({ length: 9 }, () => rig.send(["bob@far.test"])),
    );
    assert.equal(sink.messages.length, 14);
    assert.ok(sink.peakOpen <= 3, `${sink.peakOpen} at once`);
  }, { messages_per_connection: 2, connections_per_host: 2 });
});

Deno.test("a connection that the server has closed is replaced", async () => {
  let isFirst = true;
  let connections = 0;
  await withScript("220 hi\r\n", (line, socket) => {
    if (line.startsWith("EHLO")) {
      connections++;
      return "250 hi\r\n";
    }
    if (line.startsWith("MAIL") && connections === 1 && !isFirst) {
      socket.destroy();
      return undefined;
    }
    if (line === "DATA") return "354 go\r\n";
    if (line === ".") {
      isFirst = false;
      return "250 ok\r\n";
    }
    return /^(MAIL|RCPT|RSET)/.test(line) ? "250 ok\r\n" : undefined;
  }, async (rig) => {
    assert.deepEqual(await rig.answers(["bob@far.test"]), ["250"]);
    assert.deepEqual(await rig.answers(["bob@far.test"]), ["250"]);
    assert.equal(connections, 2);
  });
});

Deno.test("where TLS breaks, mail is sent without, unless it must not", async () => {
  const script = (line: string) => {
    if (line.startsWith("EHLO")) return "250-hi\r\n250 STARTTLS\r\n";
    if (line === "STARTTLS") return "220 go\r\nnot TLS at all\r\n";
    if (line === "DATA") return "354 go\r\n";
    return /^(MAIL|RCPT|\.$)/.test(line) ? "250 ok\r\n" : undefined;
  };
  await withScript("220 hi\r\n", script, async (rig) => {
    assert.deepEqual(await rig.answers(["bob@far.test"]), ["250"]);
    const [answer = ""] = await rig.answers(["bob@far.test"], {
      parameters: { requireTls: true },
    });
    assert.match(answer, /^451 4\.4\.2 /);
  }, { command_timeout: 200 });
  await withScript("220 hi\r\n", script, async (rig) => {
    const [answer = ""] = await rig.answers(["bob@far.test"]);
    assert.match(answer, /^451 4\.4\.2 /);
  }, { tls: "required", command_timeout: 200 });
});

Deno.test("a certificate of nobody is refused where it has to be valid", async () => {
  await withSink(async (rig, sink) => {
    const [answer = ""] = await rig.answers(["bob@far.test"]);
    assert.match(answer, /^451 4\.4\.2 /);
    assert.equal(sink.messages.length, 0);
  }, { tls: "verified" });
});

Deno.test("DSN parameters are passed on, each recipient's own", async () => {
  await withScript("220 hi\r\n", (line) => {
    if (line.startsWith("EHLO")) {
      return "250-hi\r\n250-DSN\r\n250-8BITMIME\r\n250 PIPELINING\r\n";
    }
    if (line === "DATA") return "354 go\r\n";
    return /^(MAIL|RCPT|\.$)/.test(line) ? "250 ok\r\n" : undefined;
  }, async (rig, server) => {
    await rig.send([
      sampleRecipient("a@far.test", {
        notify: ["SUCCESS", "DELAY"],
        orcpt: "rfc822;a+b@x.test",
      }),
      sampleRecipient("b@far.test", { notify: ["NEVER"] }),
      sampleRecipient("c@far.test"),
    ], { parameters: { ret: "HDRS", envid: "a=b", body: "8BITMIME" } });
    assert.deepEqual(server.lines.filter((line) => /^(MAIL|RCPT)/.test(line)), [
      "MAIL FROM:<alice@here.test> BODY=8BITMIME RET=HDRS ENVID=a+3Db",
      "RCPT TO:<a@far.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@x.test",
      "RCPT TO:<b@far.test> NOTIFY=NEVER",
      "RCPT TO:<c@far.test>",
    ]);
    assert.deepEqual(rig.values.get(DSN_PASSED_ON), [
      "a@far.test",
      "b@far.test",
      "c@far.test",
    ]);
  });
});

Deno.test("what the next host cannot take is refused for good", async () => {
  await withScript("220 hi\r\n", (line) => {
    if (line.startsWith("EHLO")) return "250-hi\r\n250 SIZE 100\r\n";
    return "250 ok\r\n";
  }, async (rig, server) => {
    const large = sampleMessage("x".repeat(200));
    assert.deepEqual(await rig.answers(["a@far.test"], { message: large }), [
      "552 5.3.4 The next host takes at most 100 bytes",
    ]);
    assert.deepEqual(await rig.answers(["jürgen@far.test"]), [
      "550 5.6.7 The next host does not take international addresses",
    ]);
    const utf8 = sampleMessage("", "Subject: ü\r\n\r\n");
    assert.deepEqual(
      await rig.answers(["a@far.test"], {
        message: utf8,
        parameters: { smtpUtf8: true },
      }),
      ["550 5.6.7 The next host does not take international addresses"],
    );
    assert.deepEqual(
      await rig.answers(["a@far.test"], { parameters: { body: "BINARYMIME" } }),
      ["554 5.6.3 Binary messages cannot be sent on"],
    );
    assert.ok(!server.lines.some((line) => line.startsWith("MAIL")));
  });
});

Deno.test("hostile and broken servers cost a deadline at most", async () => {
  const endless = "x".repeat(100_000);
  const cases: readonly [string, Parameters<typeof ScriptedServer.start>[1]][] =
    [
      // Silent, closing, garbage, endless, refusing.
      ["", () => undefined],
      ["220 hi\r\n", () => null],
      ["HTTP/1.1 200 OK\r\n\r\n", () => null],
      [endless, () => endless],
      [`220-${"a\r\n220-".repeat(50_000)}`, () => undefined],
      ["421 go away\r\n", () => null],
      ["220 hi\r\n", (line) => line.startsWith("EHLO") ? "250 hi\r\n" : null],
      [
        "220 hi\r\n",
        (line) => /^(EHLO|MAIL|RCPT)/.test(line) ? "250 ok\r\n" : null,
      ],
      [
        "220 hi\r\n",
        (line) =>
          /^(EHLO|MAIL|RCPT)/.test(line)
            ? "250 ok\r\n"
            : line === "DATA"
            ? "354 go\r\n"
            : null,
      ],
      ["220 hi\r\n", () => "999 what\r\n"],
      ["220 hi\r\n", () => "\r\n\r\n"],
    ];
  for (const [greeting, script] of cases) {
    await withScript(greeting, script, async (rig) => {
      const [answer = ""] = await rig.answers(["bob@far.test"]);
      assert.match(answer, /^4/, `${greeting.slice(0, 20)} ${script}`);
    }, {
      connect_timeout: 500,
      command_timeout: 100,
      data_timeout: 100,
    });
  }
});

Deno.test("a server that trickles its answer is given up", async () => {
  let timer: ReturnType<typeof setInterval> | undefined;
  await withScript("220 hi\r\n", (_line, socket) => {
    // Each line comes in time, the answer never ends.
    timer ??= setInterval(() => socket.write("250-more\r\n"), 20);
    return undefined;
  }, async (rig) => {
    const [answer = ""] = await rig.answers(["bob@far.test"]);
    clearInterval(timer);
    assert.match(answer, /^451 4\.4\.2 .*took longer/);
  }, { command_timeout: 200 });
});

Deno.test("a refusing greeting is passed on with its host", async () => {
  await withScript("554 5.7.1 No\r\n", () => null, async (rig) => {
    const [result] = await rig.send(["bob@far.test"]);
    assert.equal(result?.ok === false && result.error.code, 554);
    assert.equal(
      result?.ok === false && result.error.fields["host"],
      "mx.far.test",
    );
  });
});

Deno.test("nobody listening is a temporary failure", async () => {
  const [port = 0] = freePorts(1);
  await withRig({ port }, async (rig) => {
    const [answer = ""] = await rig.answers(["bob@far.test"]);
    assert.match(answer, /^451 4\.4\.1 Cannot connect .*ECONNREFUSED/);
  });
});

Deno.test("an aborted delivery ends with the reason", async () => {
  await withScript("", () => undefined, async (rig, server) => {
    const controller = new AbortController();
    const reason = new Error("drained");
    const sending = rig.send(["bob@far.test"], { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 50);
    await assert.rejects(sending, reason);
    assert.deepEqual(server.lines, []);
  });
});

Deno.test("a large body is streamed while the server reads slowly", async () => {
  await withSink(async (rig, sink) => {
    const line = new TextEncoder().encode("0123456789abcde\r\n".repeat(4096));
    const rounds = 64;
    let opened = 0;
    const body = {
      size: line.length * rounds,
      open() {
        opened++;
        let sent = 0;
        return new ReadableStream<Uint8Array>({
          pull(controller): void {
            if (sent++ === rounds) controller.close();
            else controller.enqueue(line.slice());
          },
        });
      },
    };
    const header = new HeaderBlock(
      new TextEncoder().encode("Subject: big\r\n\r\n"),
    );
    const message = { header, body };
    assert.deepEqual(await rig.answers(["bob@far.test"], { message }), ["250"]);
    assert.equal(
      sink.messages[0]?.text.length,
      header.bytes.length + body.size,
    );
    assert.equal(opened, 1);
  });
});

Deno.test("an empty message is sent", async () => {
  await withSink(async (rig, sink) => {
    const message = {
      header: new HeaderBlock(new Uint8Array()),
      body: new MemoryBody(new TextEncoder().encode("\r\n")),
    };
    assert.deepEqual(await rig.answers(["bob@far.test"], { message }), ["250"]);
    assert.equal(sink.messages[0]?.text, "\r\n");
  });
});
