/**
 * What the pipeline costs a message of 2 KiB besides storing it: steps
 * `match local { delivery box }`, a delivery that does nothing. Prints
 * microseconds for each message, with and without the summary.
 *
 *     deno run -A scripts/bench_pipeline.ts [MESSAGES]
 */
import type { Delivery } from "#src/module/roles/delivery.ts";
import type { Filter } from "#src/module/roles/filter.ts";
import type { Recipient } from "#src/module/roles/session.ts";
import type { MessageSource } from "#src/smtp/backend.ts";
import { dkim } from "#src/filters/dkim.ts";
import { dmarc } from "#src/filters/dmarc.ts";
import { spf } from "#src/filters/spf.ts";
import { verifyHostname } from "#src/filters/verify_hostname.ts";
import {
  fakeHost,
  PipelineBench,
  rcpt,
  SESSION,
} from "#tests/support/pipeline_bench.ts";

const COUNT = Number.parseInt(Deno.args[0] ?? "20000", 10);

/** Takes everything and keeps nothing. */
function nowhere(wantsSummary: boolean): Delivery {
  const done = Promise.resolve();
  return {
    wantsSummary,
    start() {
      const recipients: Recipient[] = [];
      return Promise.resolve({
        addRecipient(recipient: Recipient) {
          recipients.push(recipient);
          return Promise.resolve(undefined);
        },
        body: () => done,
        commit: () =>
          Promise.resolve(
            recipients.map((recipient) => ({ recipient, ok: true as const })),
          ),
        abort: () => done,
      });
    },
  };
}

function sample(): Uint8Array {
  const line =
    "The quick brown fox jumps over the lazy dog, again and again.\r\n";
  const text = [
    "From: Bob Example <bob@sender.test>",
    "To: Alice Example <alice@example.org>",
    "Subject: A message of two KiB",
    "Date: Mon, 23 Nov 2026 02:00:00 +0000",
    "Message-ID: <bench.1@sender.test>",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "",
    "",
  ].join("\r\n") + line.repeat(28);
  return new TextEncoder().encode(text);
}

/** The filters of the built-in steps. */
async function builtinFilters(): Promise<Readonly<Record<string, Filter>>> {
  const host = fakeHost({}, "/nonexistent");
  const made = {
    "verify-hostname": verifyHostname.create(
      { action: "score", exempt: [] },
      host,
    ),
    spf: spf.create({ fail: "none", exempt: [] }, host),
    dkim: dkim.create({
      private: "/nonexistent",
      public: "/nonexistent",
      selector: "epistle",
      domains: [],
    }, host),
    dmarc: dmarc.create({
      on_reject: "reject",
      on_quarantine: "quarantine",
      exempt: [],
    }, host),
  };
  const filters: Record<string, Filter> = {};
  for (const [name, instance] of Object.entries(made)) {
    filters[name] = (await instance).filter;
  }
  return filters;
}

const BARE = "match local {\n delivery box\n}";
const BUILTIN = "filter verify-hostname\nfilter spf\nfilter dkim\n" +
  `filter dmarc\n${BARE}`;

async function measure(
  name: string,
  { wantsSummary, steps = BARE }: {
    readonly wantsSummary: boolean;
    readonly steps?: string;
  },
  source: () => MessageSource,
): Promise<void> {
  const bench = new PipelineBench(steps, {
    filters: await builtinFilters(),
    deliveries: { box: nowhere(wantsSummary) },
  });
  // As smtp-source on the same machine: nobody from the Internet.
  const session = { ...SESSION, remoteAddress: "127.0.0.1" };
  const opened = bench.pipeline.open(session);
  await opened.connect();
  await opened.helo(session);
  const one = async (): Promise<void> => {
    const transaction = await opened.mail(session, "bob@sender.test", {});
    await transaction.recipient(rcpt("alice@example.org"));
    const [error] = await transaction.data(source());
    if (error !== undefined) throw error;
  };
  for (let i = 0; i < COUNT / 10; i++) await one();
  const start = performance.now();
  for (let i = 0; i < COUNT; i++) await one();
  const micros = (performance.now() - start) * 1000 / COUNT;
  const line = `${name.padEnd(28)} ${micros.toFixed(1)} us\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(line));
}

const bytes = sample();
const stream = (): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller): void {
      controller.enqueue(bytes.slice());
      controller.close();
    },
  });
await measure("whole in memory", { wantsSummary: false }, () => bytes);
await measure("as a stream", { wantsSummary: false }, stream);
await measure("whole in memory, summary", { wantsSummary: true }, () => bytes);
await measure("as a stream, summary", { wantsSummary: true }, stream);
await measure(
  "built-in filters, summary",
  { wantsSummary: true, steps: BUILTIN },
  () => bytes,
);
