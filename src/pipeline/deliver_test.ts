import assert from "node:assert/strict";
import type { PipelineSettings } from "#src/pipeline/settings.ts";
import { inFolder } from "#tests/support/in_folder.ts";
import { FakeClock } from "#tests/support/fake_clock.ts";
import {
  type DeliveryStage,
  type Fault,
  FaultyDelivery,
} from "#tests/support/faulty_delivery.ts";
import {
  MESSAGE,
  PipelineBench,
  type Sent,
  SESSION,
} from "#tests/support/pipeline_bench.ts";

/** Two targets for the same recipients, in a folder of their own. */
class TwoTargets {
  readonly first = new FaultyDelivery();
  readonly second = new FaultyDelivery();
  readonly bench: PipelineBench;

  constructor(folder: string, settings: Partial<PipelineSettings> = {}) {
    this.bench = new PipelineBench("delivery first\ndelivery second", {
      deliveries: { first: this.first, second: this.second },
    }, { folder, settings, clock: new FakeClock() });
  }

  send(...to: readonly string[]): Promise<Sent> {
    return this.bench.send(to, { message: MESSAGE });
  }

  /** Both got exactly one copy for each address, and nothing is left open. */
  check(...to: readonly string[]): void {
    assert.deepEqual(this.first.recipients.toSorted(), to.toSorted(), "first");
    assert.deepEqual(
      this.second.recipients.toSorted(),
      to.toSorted(),
      "second",
    );
    assert.equal(this.first.open + this.second.open, 0);
  }
}

const A = "a@example.org";
const B = "b@example.org";

/** What a client sees when one stage of one target fails once. */
const STAGES: readonly DeliveryStage[] = [
  "start",
  "addRecipient",
  "body",
  "commit",
];

for (const stage of STAGES) {
  for (const fault of ["throw", "temporary"] satisfies Fault[]) {
    for (const which of ["first", "second"] as const) {
      Deno.test(`${which} target: ${fault} at ${stage}, then a retry: one copy each`, () =>
        inFolder(async (folder) => {
          const targets = new TwoTargets(folder);
          const key = stage === "commit" && fault === "temporary"
            ? `commit ${A}` as const
            : stage;
          targets[which].faults.set(key, fault);
          const failed = await targets.send(A);
          const answer = failed.refused[A] ?? failed.results[0];
          if (stage === "start" && fault === "temporary") {
            // `start` has no refusal; the fake goes on without it.
            assert.equal(answer, undefined);
          } else {
            assert.match(answer ?? "", /^4/);
            targets[which].faults.clear();
            assert.deepEqual((await targets.send(A)).results, [undefined]);
          }
          targets.check(A);
        }));
    }
  }
}

Deno.test("what was delivered is remembered by other workers too", () =>
  inFolder(async (folder) => {
    const one = new TwoTargets(folder);
    one.second.faults.set("commit", "throw");
    assert.deepEqual((await one.send(A, B)).results, [
      "451 4.3.0",
      "451 4.3.0",
    ]);
    assert.deepEqual(one.first.recipients, [A, B]);
    const other = new TwoTargets(folder);
    assert.deepEqual((await other.send(A, B)).results, [undefined, undefined]);
    assert.deepEqual(other.first.recipients, []);
    assert.deepEqual(other.second.recipients, [A, B]);
    // Another message of the same sender is another message.
    const third = new TwoTargets(folder);
    await third.bench.send([A], { message: `X-Other: 1\r\n${MESSAGE}` });
    third.check(A);
  }));

Deno.test("one answer for all: a refusal before commit delivers nothing", () =>
  inFolder(async (folder) => {
    const first = new FaultyDelivery();
    const second = new FaultyDelivery();
    second.faults.set("body", "permanent");
    const bench = new PipelineBench(
      `match rcpt ${A} {
         delivery first
       }
       match rcpt ${B} {
         delivery second
       }`,
      { deliveries: { first, second } },
      { folder },
    );
    const sent = await bench.send([A, B]);
    assert.deepEqual(sent.results, ["550 5.1.1", "550 5.1.1"]);
    assert.deepEqual(first.recipients, []);
    assert.equal(first.open + second.open, 0);
  }));

Deno.test("a recipient that one delivery refuses for good goes to the other", () =>
  inFolder(async (folder) => {
    const targets = new TwoTargets(folder);
    targets.first.faults.set(`addRecipient ${A}`, "permanent");
    targets.second.faults.set(`commit ${B}`, "permanent");
    const sent = await targets.send(A, B);
    assert.deepEqual(sent, { refused: {}, results: [undefined, undefined] });
    assert.deepEqual(targets.first.recipients, [B]);
    assert.deepEqual(targets.second.recipients, [A]);
  }));

Deno.test("a temporary refusal at RCPT takes the recipient out of the other delivery", () =>
  inFolder(async (folder) => {
    const targets = new TwoTargets(folder);
    targets.second.faults.set(`addRecipient ${A}`, "temporary");
    const sent = await targets.send(A, B);
    assert.deepEqual(sent, {
      refused: { [A]: "452 4.3.1" },
      results: [undefined],
    });
    targets.check(B);
  }));

Deno.test("a permanent refusal at commit after others were served says so", () =>
  inFolder(async (folder) => {
    const box = new FaultyDelivery();
    box.faults.set(`commit ${B}`, "permanent");
    const bench = new PipelineBench("delivery box", { deliveries: { box } }, {
      folder,
    });
    const sent = await bench.send([A, B]);
    assert.deepEqual(sent.results, ["550 5.1.1", "550 5.1.1"]);
    assert.deepEqual(box.recipients, [A]);
  }));

Deno.test("LMTP gets an answer for each recipient", () =>
  inFolder(async (folder) => {
    const targets = new TwoTargets(folder, { kind: "lmtp" });
    targets.first.faults.set(`commit ${B}`, "temporary");
    const sent = await targets.send(A, B);
    assert.deepEqual(sent.results, [undefined, "452 4.3.1"]);
    targets.first.faults.clear();
    assert.deepEqual((await targets.send(B)).results, [undefined]);
    targets.check(A, B);
  }));

Deno.test("LMTP: a fault before commit keeps the recipient out of everything", () =>
  inFolder(async (folder) => {
    const first = new FaultyDelivery();
    const second = new FaultyDelivery();
    second.faults.set("body", "throw");
    const bench = new PipelineBench(
      `delivery first
       match rcpt ${B} {
         delivery second
       }`,
      { deliveries: { first, second } },
      { folder, settings: { kind: "lmtp" } },
    );
    const sent = await bench.send([A, B]);
    assert.deepEqual(sent.results, [undefined, "451 4.3.0"]);
    assert.deepEqual(first.recipients, [A]);
    assert.deepEqual(second.recipients, []);
    assert.equal(first.open + second.open, 0);
  }));

Deno.test("the same recipient twice gets one copy and two answers", () =>
  inFolder(async (folder) => {
    const targets = new TwoTargets(folder);
    const sent = await targets.send(A, A);
    assert.deepEqual(sent.results, [undefined, undefined]);
    targets.check(A);
  }));

Deno.test("a message larger than allowed is refused and leaves nothing", () =>
  inFolder(async (folder) => {
    const targets = new TwoTargets(folder, { max_size: 2000 });
    const sent = await targets.bench.send([A], {
      message: MESSAGE + "x".repeat(3000),
    });
    assert.deepEqual(sent.results, ["552 5.3.4"]);
    targets.check();
  }));

Deno.test("a message that loops is refused", () =>
  inFolder(async (folder) => {
    const targets = new TwoTargets(folder);
    const sent = await targets.bench.send([A], {
      message: "Received: by x; y\r\n".repeat(100) + MESSAGE,
    });
    assert.deepEqual(sent.results, ["554 5.4.6"]);
    targets.check();
  }));

Deno.test("a client that breaks off leaves nothing", () =>
  inFolder(async (folder) => {
    const targets = new TwoTargets(folder);
    let pulled = 0;
    const message = new ReadableStream<Uint8Array>({
      pull(controller): void {
        if (pulled++ > 20) controller.error(new Error("connection reset"));
        else if (pulled === 1) {
          controller.enqueue(new TextEncoder().encode(MESSAGE));
        } else controller.enqueue(new Uint8Array(100_000).fill(0x61));
      },
    });
    const sent = await targets.bench.send([A], { message });
    assert.match(sent.results[0] ?? "", /^4/);
    targets.check();
    const spool = [...Deno.readDirSync(`${folder}/`)].map(({ name }) => name);
    assert.deepEqual(
      spool.flatMap((name) => [...Deno.readDirSync(`${folder}/${name}`)]),
      [],
    );
  }));

/** A message without end; says whether it was let go. */
function endless(): {
  readonly message: ReadableStream<Uint8Array>;
  readonly isCancelled: () => boolean;
} {
  let isCancelled = false;
  let isFirst = true;
  const message = new ReadableStream<Uint8Array>({
    pull(controller): void {
      const head = new TextEncoder().encode(MESSAGE);
      controller.enqueue(isFirst ? head : new Uint8Array(100_000).fill(0x61));
      isFirst = false;
    },
    cancel(): void {
      isCancelled = true;
    },
  });
  return { message, isCancelled: () => isCancelled };
}

Deno.test("a spool that can not be written to is a temporary fault", () =>
  inFolder(async (folder) => {
    const targets = new TwoTargets(folder);
    await Deno.writeTextFile(`${folder}/spool`, "not a folder");
    const { message, isCancelled } = endless();
    const sent = await targets.bench.send([A, B], { message });
    assert.deepEqual(sent.results, ["451 4.3.0", "451 4.3.0"]);
    assert.ok(isCancelled());
    targets.check();
  }));

Deno.test("a disk that gets full in the middle is 452, and is cleared", () =>
  inFolder(async (folder) => {
    const targets = new TwoTargets(folder);
    const { message, isCancelled } = endless();
    const { write } = Deno.FsFile.prototype;
    let writes = 0;
    Deno.FsFile.prototype.write = function (bytes): Promise<number> {
      if (++writes < 5) return write.call(this, bytes);
      return Promise.reject(
        Object.assign(new Error("No space left on device (os error 28)"), {
          code: "ENOSPC",
        }),
      );
    };
    try {
      const sent = await targets.bench.send([A], { message });
      assert.deepEqual(sent.results, ["452 4.3.1"]);
    } finally {
      Deno.FsFile.prototype.write = write;
    }
    assert.equal(writes, 5);
    assert.ok(isCancelled());
    targets.check();
    assert.deepEqual([...Deno.readDirSync(`${folder}/spool`)], []);
  }));

Deno.test("a large message goes through a file, in bounded memory", () =>
  inFolder(async (folder) => {
    const size = 256 * 1024 * 1024;
    const box = new FaultyDelivery();
    let most = 0;
    let bytes = 0;
    // Counts instead of keeping: the fake would hold the text.
    const counting = {
      start: () =>
        Promise.resolve({
          addRecipient: () => Promise.resolve(undefined),
          async body(
            { body }: { body: { open(): ReadableStream<Uint8Array> } },
          ) {
            for await (const chunk of body.open()) bytes += chunk.length;
          },
          commit: () => Promise.resolve([]),
          abort: () => Promise.resolve(),
        }),
    };
    const bench = new PipelineBench("delivery counting", {
      deliveries: { counting: { ...counting }, box },
    }, { folder, settings: { max_size: 2 * size } });
    const chunk = 256 * 1024;
    let sent = 0;
    const start = Deno.memoryUsage();
    const message = new ReadableStream<Uint8Array>({
      pull(controller): void {
        const { external, heapUsed } = Deno.memoryUsage();
        const more = external + heapUsed - start.external - start.heapUsed;
        most = Math.max(most, more);
        if (sent === 0) {
          controller.enqueue(new TextEncoder().encode(MESSAGE));
        }
        if (sent >= size) return controller.close();
        controller.enqueue(new Uint8Array(chunk).fill(0x61));
        sent += chunk;
      },
    }, { highWaterMark: 0 });
    await bench.send([A], { message, session: SESSION });
    assert.equal(bytes, size + "body\r\n".length);
    assert.ok(most < 128 * 1024 * 1024, `${most} bytes more`);
    assert.deepEqual([...Deno.readDirSync(`${folder}/spool`)], []);
  }));
