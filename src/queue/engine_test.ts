import assert from "node:assert/strict";
import { simpleParser } from "mailparser";
import { UnavailableError } from "#src/errors/errors.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import type { MailParameters } from "#src/module/roles/session.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { FakeClock } from "#tests/support/fake_clock.ts";
import { FakeDelivery } from "#tests/support/fake_delivery.ts";
import {
  sampleEnvelope,
  sampleMessage,
  sampleRecipient,
} from "#tests/support/sample_envelope.ts";
import { until } from "#tests/support/until.ts";
import { DSN_PASSED_ON } from "./dsn_passed_on.ts";
import { type EngineOptions, QueueEngine } from "./engine.ts";
import { QueueAdmin } from "./queue_admin.ts";
import { QueueDelivery } from "./queue_delivery.ts";
import type { MessageView } from "./queued.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const TEMPORARY = new SmtpError(451, "3.0", "Later", {
  fields: { host: "mx.far.test" },
});
const PERMANENT = new SmtpError(550, "1.1", "No such user", {
  fields: { host: "mx.far.test" },
});

/** A queue in a folder of its own, with deliveries that can be told to fail. */
class Rig {
  readonly folder: string = Deno.makeTempDirSync({ prefix: "queue-" });
  readonly clock = new FakeClock();
  readonly target = new FakeDelivery();
  readonly bounce = new FakeDelivery();
  readonly #options: Partial<EngineOptions>;
  engine: QueueEngine;

  constructor(options: Partial<EngineOptions> = {}) {
    this.#options = options;
    this.engine = this.make();
  }

  make(): QueueEngine {
    return new QueueEngine({
      folder: this.folder,
      hostname: "here.test",
      schedule: { waits: [5 * MINUTE, 10 * MINUTE, HOUR], maxAge: 5 * HOUR },
      concurrency: 100,
      domainConcurrency: 10,
      batch: 100,
      delayWarning: 0,
      inlineSize: 1000,
      ...this.#options,
    }, {
      clock: this.clock,
      log: SILENT_LOG,
      random: () => 0,
      target: () => this.target,
      bounce: () => this.bounce,
      isLocal: (domain) => domain === "here.test",
    });
  }

  async send(
    to: readonly (string | ReturnType<typeof sampleRecipient>)[],
    from = "alice@here.test",
    parameters: MailParameters = {},
    message = sampleMessage(),
  ) {
    const transaction = await new QueueDelivery(() => this.engine, 50)
      .start(sampleEnvelope(from, parameters));
    for (const one of to) {
      const recipient = typeof one === "string" ? sampleRecipient(one) : one;
      assert.equal(await transaction.addRecipient(recipient), undefined);
    }
    await transaction.body(message);
    return await transaction.commit();
  }

  async list(): Promise<readonly MessageView[]> {
    const admin = new QueueAdmin(() => this.engine);
    return await admin.call("list", {}) as readonly MessageView[];
  }

  admin(command: string, args: Record<string, unknown>): Promise<unknown> {
    return new QueueAdmin(() => this.engine).call(command, args);
  }

  /** Until the queue has nothing to do now. */
  async settled(): Promise<void> {
    await until("no job runs", async () => {
      for (let turn = 0; turn < 5; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        if (this.engine.leased.size > 0) return false;
      }
      return this.clock.sleeping > 0;
    });
  }

  async remove(): Promise<void> {
    await this.engine.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function withRig(
  options: Partial<EngineOptions>,
  use: (rig: Rig) => Promise<void>,
): Promise<void> {
  const rig = new Rig(options);
  try {
    await use(rig);
  } finally {
    await rig.remove();
  }
}

Deno.test("a message is delivered at once and then gone", async () => {
  await withRig({}, async (rig) => {
    rig.engine.start();
    const results = await rig.send(["bob@far.test"]);
    assert.deepEqual(results.map((result) => result.ok), [true]);
    await rig.settled();
    assert.deepEqual(rig.target.addresses, ["bob@far.test"]);
    assert.equal(rig.target.delivered[0]?.body, "Hello\r\n");
    assert.deepEqual(await rig.list(), []);
  });
});

Deno.test("recipients of one domain go together, domains apart", async () => {
  await withRig({ batch: 2 }, async (rig) => {
    rig.engine.start();
    await rig.send(["a@x.test", "b@y.test", "c@X.test", "d@x.test"]);
    await rig.settled();
    assert.deepEqual(
      rig.target.delivered.map((one) => one.to.join()).toSorted(),
      ["a@x.test,c@X.test", "b@y.test", "d@x.test"],
    );
  });
});

Deno.test("attempts are repeated at the documented times", async () => {
  await withRig({}, async (rig) => {
    const began = rig.clock.now();
    const times: number[] = [];
    rig.target.answer = () => {
      times.push((rig.clock.now() - began) / MINUTE);
      return TEMPORARY;
    };
    rig.engine.start();
    await rig.send(["bob@far.test"]);
    await rig.settled();
    for (let step = 0; step < 62; step++) {
      rig.clock.advance(5 * MINUTE);
      await rig.settled();
    }
    // 5m, 10m, 1h, 1h ... and a last time at the end of its life.
    assert.deepEqual(times, [0, 5, 15, 75, 135, 195, 255, 300]);
    assert.deepEqual(await rig.list(), []);
    assert.equal(rig.bounce.delivered.length, 1);
  });
});

Deno.test("a permanent failure is not tried again and is reported", async () => {
  await withRig({}, async (rig) => {
    rig.target.answer = ({ address }) =>
      address === "bad@far.test" ? PERMANENT : undefined;
    rig.engine.start();
    await rig.send(["bad@far.test", "good@far.test"]);
    await rig.settled();
    assert.equal(rig.target.delivered.length, 1);
    assert.deepEqual(await rig.list(), []);
    const [report] = rig.bounce.delivered;
    assert.deepEqual(report?.to, ["alice@here.test"]);
    assert.equal(report.envelope.mailFrom, "");
    assert.match(report.body, /Final-Recipient: rfc822; bad@far\.test/);
    assert.doesNotMatch(report.body, /good@far\.test/);
    assert.equal(report.summary, undefined);
  });
});

Deno.test("a report into a mailbox comes with its summary", async () => {
  await withRig({}, async (rig) => {
    rig.target.answer = () => PERMANENT;
    rig.bounce.wantsSummary = true;
    rig.engine.start();
    await rig.send(["bad@far.test"]);
    await rig.settled();
    assert.match(
      rig.bounce.delivered[0]?.summary?.messageId ?? "",
      /@here\.test/,
    );
  });
});

Deno.test("a report that is refused here is sent to the other side", async () => {
  await withRig({}, async (rig) => {
    rig.target.answer = ({ address }) =>
      address === "bad@far.test" ? PERMANENT : undefined;
    rig.bounce.refuse = () => PERMANENT;
    rig.engine.start();
    await rig.send(["bad@far.test"]);
    await rig.settled();
    assert.deepEqual(rig.target.addresses, ["bad@far.test", "alice@here.test"]);
    assert.deepEqual(await rig.list(), []);
  });
});

Deno.test("bounces are not bounced", async () => {
  await withRig({}, async (rig) => {
    rig.target.answer = () => PERMANENT;
    rig.engine.start();
    await rig.send(["bad@far.test"], "");
    await rig.settled();
    assert.equal(rig.target.delivered.length, 1);
    assert.equal(rig.bounce.delivered.length, 0);
    assert.deepEqual(await rig.list(), []);
  });
});

Deno.test("NOTIFY decides who is told what", async () => {
  await withRig({ delayWarning: 4 * MINUTE }, async (rig) => {
    rig.target.answer = ({ address }, context) => {
      if (address.startsWith("fail")) return PERMANENT;
      if (address.startsWith("late")) return TEMPORARY;
      if (address.startsWith("passed")) {
        context.values.set(DSN_PASSED_ON, [address]);
      }
      return undefined;
    };
    rig.engine.start();
    await rig.send(
      [
        sampleRecipient("fail.never@a.test", { notify: ["NEVER"] }),
        sampleRecipient("fail.success@a.test", { notify: ["SUCCESS"] }),
        sampleRecipient("fail.default@a.test"),
        sampleRecipient("ok.success@b.test", {
          notify: ["SUCCESS", "FAILURE"],
          orcpt: "rfc822;Original@b.test",
        }),
        sampleRecipient("ok.default@b.test"),
        sampleRecipient("passed@c.test", { notify: ["SUCCESS"] }),
        sampleRecipient("late.delay@d.test", { notify: ["DELAY"] }),
        sampleRecipient("late.failure@d.test", { notify: ["FAILURE"] }),
      ],
      "alice@here.test",
      { envid: "QQ314159" },
    );
    await rig.settled();
    rig.clock.advance(5 * MINUTE);
    await rig.settled();
    rig.clock.advance(10 * MINUTE);
    await rig.settled();
    const reports = rig.bounce.delivered.map(({ body }) => body).join("\n");
    const actions = [...reports.matchAll(
      /Final-Recipient: rfc822; (\S+)\r\nAction: (\S+)/g,
    )].map(([, address, action]) => `${address} ${action}`);
    assert.deepEqual(actions.toSorted(), [
      "fail.default@a.test failed",
      "late.delay@d.test delayed",
      "ok.success@b.test relayed",
    ]);
    assert.match(reports, /Original-Recipient: rfc822; Original@b\.test/);
    assert.match(reports, /Original-Envelope-Id: QQ314159/);
    assert.match(reports, /Will-Retry-Until: /);
  });
});

Deno.test("a report is read by a mail parser", async () => {
  await withRig({}, async (rig) => {
    rig.target.answer = () => PERMANENT;
    rig.engine.start();
    await rig.send(["bad@far.test"], "alice@here.test", { ret: "FULL" });
    await rig.settled();
    const [report] = rig.bounce.delivered;
    const mail = await simpleParser(`${report?.header}${report?.body}`, {
      keepDeliveryStatus: true,
    });
    assert.equal(mail.subject, "Your message could not be delivered");
    assert.equal(
      mail.from?.text,
      '"Mail Delivery System" <MAILER-DAEMON@here.test>',
    );
    assert.match(
      mail.text ?? "",
      /mx\.far\.test said: 550 5\.1\.1 No such user/,
    );
    assert.equal(mail.headers.get("auto-submitted"), "auto-replied");
    const status = mail.attachments
      .find((part) => part.contentType === "message/delivery-status");
    assert.equal(
      status?.content.toString().trim(),
      [
        "Reporting-MTA: dns; here.test",
        "Arrival-Date: Thu, 01 Jan 2026 00:00:00 +0000",
        "",
        "Final-Recipient: rfc822; bad@far.test",
        "Action: failed",
        "Status: 5.1.1",
        "Remote-MTA: dns; mx.far.test",
        "Diagnostic-Code: smtp; 550 5.1.1 No such user",
        "Last-Attempt-Date: Thu, 01 Jan 2026 00:00:00 +0000",
      ].join("\r\n"),
    );
    const original = mail.attachments
      .find((part) => part.contentType === "message/rfc822");
    assert.match(
      original?.content.toString() ?? "",
      /^Subject: test\r\n\r\nHello/,
    );
  });
});

Deno.test("what sender and server say cannot add fields to a report", async () => {
  await withRig({}, async (rig) => {
    rig.target.answer = () =>
      new SmtpError(550, "1.1", "a\r\nAction: delivered");
    rig.engine.start();
    await rig.send(
      [sampleRecipient("x@far.test", { orcpt: "rfc822;a\r\nStatus: 2.0.0" })],
      "alice@here.test",
      { envid: "e\r\nReporting-MTA: dns; evil.test" },
    );
    await rig.settled();
    const body = rig.bounce.delivered[0]?.body ?? "";
    assert.doesNotMatch(body, /^Action: delivered/m);
    assert.doesNotMatch(body, /^Status: 2/m);
    assert.doesNotMatch(body, /^Reporting-MTA: dns; evil/m);
  });
});

Deno.test("a delivery that breaks puts the message aside until retry", async () => {
  await withRig({}, async (rig) => {
    rig.target.answer = () => {
      throw new TypeError("undefined is not a function");
    };
    rig.engine.start();
    await rig.send(["bob@far.test"]);
    await rig.settled();
    rig.clock.advance(24 * HOUR);
    await rig.settled();
    const [held] = await rig.list();
    assert.equal(held?.recipients[0]?.state, "held");
    assert.match(held.recipients[0].last_reply ?? "", /Internal error/);
    assert.equal(rig.target.delivered.length, 1);

    rig.target.answer = () => undefined;
    await rig.admin("retry", { id: held.id });
    await rig.settled();
    assert.equal(rig.target.delivered.length, 2);
    assert.deepEqual(await rig.list(), []);
  });
});

Deno.test("a delivery that cannot be reached is tried again", async () => {
  await withRig({}, async (rig) => {
    class Gone extends UnavailableError {}
    rig.target.answer = () => {
      throw new Gone("The worker is gone");
    };
    rig.engine.start();
    await rig.send(["bob@far.test"]);
    await rig.settled();
    rig.target.answer = () => undefined;
    assert.equal((await rig.list())[0]?.recipients[0]?.state, "queued");
    rig.clock.advance(5 * MINUTE);
    await rig.settled();
    assert.deepEqual(await rig.list(), []);
  });
});

Deno.test("limits of concurrency hold, and no domain waits for another", async () => {
  await withRig({ concurrency: 6, domainConcurrency: 2 }, async (rig) => {
    const gate = Promise.withResolvers<void>();
    rig.target.answer = async () => {
      await gate.promise;
      return undefined;
    };
    rig.engine.start();
    for (let i = 0; i < 10; i++) await rig.send([`u${i}@busy.test`]);
    assert.equal(rig.target.peak, 2);
    for (let i = 0; i < 10; i++) await rig.send([`u@d${i}.test`]);
    await until("all slots are used", () => rig.target.running === 6);
    gate.resolve();
    await rig.settled();
    assert.equal(rig.target.peak, 6);
    assert.equal(rig.target.addresses.length, 20);
    assert.deepEqual(await rig.list(), []);
  });
});

Deno.test("a large body lies in a file that goes with its message", async () => {
  await withRig({}, async (rig) => {
    const body = "x".repeat(300_000);
    await rig.send(
      ["a@x.test", "b@y.test"],
      undefined,
      {},
      sampleMessage(body),
    );
    const folder = `${rig.folder}/bodies`;
    assert.equal([...Deno.readDirSync(folder)].length, 1);
    rig.engine.start();
    await rig.settled();
    assert.deepEqual(rig.target.delivered.map((one) => one.body === body), [
      true,
      true,
    ]);
    assert.equal([...Deno.readDirSync(folder)].length, 0);
  });
});

Deno.test("a new engine goes on where the last one ended", async () => {
  await withRig({}, async (rig) => {
    rig.target.answer = () => TEMPORARY;
    rig.engine.start();
    await rig.send(["bob@far.test"]);
    await rig.settled();
    await rig.engine.stop();
    Deno.writeTextFileSync(`${rig.folder}/bodies/orphan`, "left by a crash");
    rig.target.answer = () => undefined;
    rig.engine = rig.make();
    rig.engine.start();
    await rig.settled();
    assert.equal(rig.target.delivered.length, 1);
    assert.deepEqual([...Deno.readDirSync(`${rig.folder}/bodies`)], []);
    rig.clock.advance(5 * MINUTE);
    await rig.settled();
    assert.equal(rig.target.delivered.length, 2);
    assert.deepEqual(await rig.list(), []);
  });
});

Deno.test("a message that runs in circles is refused", async () => {
  await withRig({}, async (rig) => {
    const message = sampleMessage(
      "",
      "Received: from a by b; now\r\n".repeat(51) + "\r\n",
    );
    const [result] = await rig.send(["a@x.test"], undefined, {}, message);
    assert.equal(result?.ok === false && result.error.code, 554);
    assert.deepEqual(await rig.list(), []);
  });
});

Deno.test("drop removes a recipient without a report", async () => {
  await withRig({}, async (rig) => {
    await rig.send(["a@x.test", "b@x.test"]);
    const [message] = await rig.list();
    const id = message?.id;
    assert.deepEqual(
      await rig.admin("drop", { id, recipient: "a@x.test" }),
      { dropped: 1 },
    );
    const shown = await rig.admin("show", { id }) as MessageView & {
      header: string;
    };
    assert.deepEqual(shown.recipients.map((r) => r.address), ["b@x.test"]);
    assert.equal(shown.header, "Subject: test\r\n\r\n");
    assert.deepEqual(await rig.admin("drop", { id }), { dropped: 1 });
    await assert.rejects(rig.admin("show", { id }), /No such message/);
    await assert.rejects(rig.admin("show", {}), /Which message/);
    await assert.rejects(rig.admin("explode", {}), /Unknown command/);
  });
});

Deno.test("an address without domain is refused", async () => {
  await withRig({}, async (rig) => {
    const transaction = await new QueueDelivery(() => rig.engine, 50)
      .start(sampleEnvelope());
    for (const address of ["postmaster", "a@", "@x.test", ""]) {
      const error = await transaction.addRecipient(sampleRecipient(address));
      assert.equal(error?.code, 553, address);
    }
  });
});

Deno.test("a second process cannot open the queue", async () => {
  await withRig({}, async (rig) => {
    await rig.send(["a@x.test"]);
    const second = rig.make();
    assert.throws(() => second.store, /open in another process/);
    await second.stop();
  });
});

Deno.test("a clock that is set back loses nothing", async () => {
  await withRig({}, async (rig) => {
    rig.target.answer = () => TEMPORARY;
    rig.engine.start();
    await rig.send(["bob@far.test"]);
    await rig.settled();
    rig.clock.advance(-2 * HOUR);
    // The timer wakes within a minute of its own time and looks again.
    rig.target.answer = () => undefined;
    for (let minute = 0; minute < 13; minute++) {
      rig.clock.advance(10 * MINUTE);
      await rig.settled();
    }
    assert.deepEqual(await rig.list(), []);
  });
});
