import assert from "node:assert/strict";
import { StorageError } from "#src/errors/errors.ts";
import type {
  ChangeHint,
  FetchedMessage,
  NewMessage,
  StorageBackend,
} from "#src/imap/backend.ts";
import { unpackMessages } from "#src/imap/packed_messages.ts";
import type { MessageSummary } from "#src/imap/summary.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { type Body, MemoryBody } from "#src/message/body.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import { contextKey, ContextValues } from "#src/module/roles/context.ts";
import type {
  Delivery,
  DeliveryTransaction,
} from "#src/module/roles/delivery.ts";
import type { Filter } from "#src/module/roles/filter.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { BODIES, BodyShelf } from "./body_shelf.ts";
import { Channel, type Service } from "./channel.ts";
import { Link } from "./link.ts";
import { DeliveryService, RemoteDelivery } from "./remote_delivery.ts";
import { FilterService, RemoteFilter } from "./remote_filter.ts";
import { RemoteStorage, StorageService } from "./remote_storage.ts";

/** A link to a home with one service; both ends close with `close`. */
function join(service: Service): {
  link: Link;
  shelf: BodyShelf;
  near: Map<string, Service>;
  close(): void;
} {
  const { port1, port2 } = new MessageChannel();
  const shelf = new BodyShelf();
  const near = new Map<string, Service>([[BODIES, shelf]]);
  const link = new Link("home");
  const options = { name: "x", log: SILENT_LOG };
  link.connect(new Channel(port1, { ...options, services: near }));
  const services = new Map([["x", service]]);
  const far = new Channel(port2, { ...options, services });
  return {
    link,
    shelf,
    near,
    close(): void {
      link.disconnect();
      far.close();
    },
  };
}

const ENVELOPE = { id: "m1", mailFrom: "a@x.test" } as Envelope;

function recipient(address: string): Recipient {
  return { address, original: address };
}

const NOTE = contextKey<string>("note");

function context(): {
  values: ContextValues;
  options: Record<string, unknown>;
  signal: AbortSignal;
  log: typeof SILENT_LOG;
} {
  const values = new ContextValues();
  values.set(NOTE, "from the pipeline");
  const { signal } = new AbortController();
  return { values, options: { verify: true }, signal, log: SILENT_LOG };
}

/** Notes what arrives; knows only `@here.test`, fails for `later@`. */
class Mailbox implements Delivery {
  readonly wantsSummary = true;
  readonly committed: unknown[] = [];
  aborts = 0;

  start(
    envelope: Envelope,
    { values, options }: ReturnType<typeof context>,
  ): Promise<DeliveryTransaction> {
    const recipients: Recipient[] = [];
    let given: { header: HeaderBlock; body: Body } | undefined;
    return Promise.resolve({
      addRecipient: (one) => {
        if (!one.address.endsWith("@here.test")) {
          return Promise.resolve(new SmtpError(550, "1.1", "Unknown here"));
        }
        recipients.push(one);
        return Promise.resolve(undefined);
      },
      body: (message) => {
        given = message;
        return Promise.resolve();
      },
      commit: async () => {
        const text = await new Response(given?.body.open()).text();
        this.committed.push({
          id: envelope.id,
          note: values.get(NOTE),
          options,
          header: new TextDecoder().decode(given?.header.bytes),
          size: given?.body.size,
          text: text.length > 100 ? text.length : text,
        });
        return recipients.map((one) =>
          one.address.startsWith("later@")
            ? {
              recipient: one,
              ok: false,
              error: new SmtpError(452, "2.2", "Full"),
            }
            : { recipient: one, ok: true }
        );
      },
      abort: () => {
        this.aborts++;
        return Promise.resolve();
      },
    });
  }
}

const encoder = new TextEncoder();

async function deliver(body: Body, addresses: readonly string[]) {
  const mailbox = new Mailbox();
  const joined = join(new DeliveryService(mailbox, SILENT_LOG));
  try {
    const { link, shelf } = joined;
    const remote = new RemoteDelivery({
      home: link,
      reader: () => link,
      service: "x",
      shelf,
      facts: { wantsSummary: true, checksByReading: true, relays: false },
    });
    const transaction = await remote.start(ENVELOPE, context());
    const refused: (SmtpError | undefined)[] = [];
    for (const address of addresses) {
      refused.push(await transaction.addRecipient(recipient(address)));
    }
    await transaction.body({
      header: new HeaderBlock(encoder.encode("Subject: x\r\n\r\n")),
      body,
      summary: { envelope: encoder.encode("()") } as MessageSummary,
    });
    const results = await transaction.commit();
    assert.equal(shelf.size, 0);
    return { mailbox, refused, results };
  } finally {
    joined.close();
  }
}

Deno.test("a delivery behind a stub gets everything and answers each", async () => {
  const { mailbox, refused, results } = await deliver(
    new MemoryBody(encoder.encode("hello")),
    ["a@here.test", "b@elsewhere.test", "later@here.test"],
  );
  assert.deepEqual(refused.map((one) => one?.enhanced), [
    undefined,
    "5.1.1",
    undefined,
  ]);
  assert.deepEqual(
    results.map((one) =>
      one.ok ? one.recipient.address : [one.error.code, one.error.publicText]
    ),
    ["a@here.test", [452, "Full"]],
  );
  assert.deepEqual(mailbox.committed, [{
    id: "m1",
    note: "from the pipeline",
    options: { verify: true },
    header: "Subject: x\r\n\r\n",
    size: 5,
    text: "hello",
  }]);
});

Deno.test("a body that is not in memory is pulled by the home", async () => {
  const chunk = new Uint8Array(64 * 1024).fill(0x61);
  const body: Body = {
    size: chunk.length * 20,
    open: () =>
      ReadableStream.from(Array.from({ length: 20 }, () => chunk.slice())),
  };
  const { mailbox } = await deliver(body, ["a@here.test"]);
  const [{ text, size }] = mailbox.committed as [
    { text: number; size: number },
  ];
  assert.equal(text, body.size);
  assert.equal(size, body.size);
});

Deno.test("the bytes of a body stay with the sender, who may deliver again", async () => {
  const bytes = new Uint8Array(100_000).fill(0x61);
  await deliver(new MemoryBody(bytes), ["a@here.test"]);
  assert.equal(bytes.length, 100_000);
});

/** A storage of which only some methods are there. */
function storage(parts: Partial<StorageBackend>): StorageService {
  return new StorageService(parts as StorageBackend, "x");
}

Deno.test("powers of a storage are there from afar, and no others", async () => {
  const joined = join(storage({
    powers: {
      order: {
        sort: ({ mailbox, criteria }) =>
          Promise.resolve(Uint32Array.of(mailbox, criteria.length)),
        thread: () => Promise.reject(new StorageError("notFound", "gone")),
      },
    },
  }));
  const remote = new RemoteStorage(joined.link, [], "x", () => {}, ["order"]);
  try {
    const key = { kind: "all" } as const;
    const { order, quota } = remote.powers;
    assert.equal(quota, undefined);
    const sorted = await order?.sort({ mailbox: 7, key, criteria: [] });
    assert.deepEqual(sorted, Uint32Array.of(7, 0));
    const algorithm = "REFERENCES";
    await assert.rejects(
      order?.thread({ mailbox: 7, key, algorithm }) ?? Promise.resolve(),
      (error: unknown) =>
        error instanceof StorageError && error.kind === "notFound",
    );
    for (const method of ["order.toString", "quota.root", "__proto__.x"]) {
      await assert.rejects(
        joined.link.call("x", method, [{}]),
        /Internal error/,
      );
    }
  } finally {
    joined.close();
  }
});

function message(uid: number): FetchedMessage {
  const header = encoder.encode(`Subject: ${uid}\r\n`);
  return { uid, header } as unknown as FetchedMessage;
}

Deno.test("a fetch gives all batches in order, and ends early when told", async () => {
  let ended = 0;
  const joined = join(storage({
    async *fetch(_mailbox, uids): AsyncGenerator<readonly FetchedMessage[]> {
      try {
        for (const uid of uids) yield await Promise.resolve([message(uid)]);
      } finally {
        ended++;
      }
    },
  }));
  const remote = new RemoteStorage(
    joined.link,
    [],
    "x",
    (name, service) => joined.near.set(name, service),
  );
  try {
    const uids = Uint32Array.from({ length: 10 }, (_, i) => i + 1);
    const seen: number[] = [];
    for await (const batch of remote.fetch(1, uids.subarray(2), {})) {
      seen.push(...batch.map(({ uid }) => uid));
    }
    assert.deepEqual(seen, [3, 4, 5, 6, 7, 8, 9, 10]);
    for await (const batch of remote.fetch(1, uids, {})) {
      assert.equal(batch[0]?.uid, 1);
      break;
    }
    const one = remote.fetch(1, uids.subarray(0, 1), {});
    assert.equal((await Array.fromAsync(one)).length, 1);
    assert.equal(ended, 3);
  } finally {
    joined.close();
  }
});

Deno.test("a packed batch of a fetch crosses as it is", async () => {
  const long = new Uint8Array(100_000).fill(7);
  const joined = join(storage({
    async *fetch() {
      yield await Promise.resolve(unpackMessages({
        uids: Uint32Array.of(4, 6),
        numbers: {
          headerBytes: Float64Array.of(5, 6),
          savedAt: Float64Array.of(7, 8),
        },
        emailIds: ["Ma", "Mb"],
        threadIds: ["Ta", "Tb"],
        columns: {
          header: {
            bytes: encoder.encode("onetwo"),
            starts: Int32Array.of(0, 3),
            ends: Int32Array.of(3, 6),
          },
          body: {
            bytes: long,
            starts: Int32Array.of(0, -1),
            ends: Int32Array.of(100_000, 100_000),
          },
        },
        bodies: new Map([[1, encoder.encode("blob")]]),
      }));
    },
  }));
  const remote = new RemoteStorage(joined.link, [], "x", () => {});
  try {
    const batches = remote.fetch(1, Uint32Array.of(4, 6), {});
    const [[first, second] = []] = await Array.fromAsync(batches);
    assert.deepEqual([first?.uid, first?.headerBytes], [4, 5]);
    assert.deepEqual([second?.uid, second?.savedAt], [6, 8]);
    assert.deepEqual([second?.emailId, second?.threadId], ["Mb", "Tb"]);
    assert.deepEqual(second?.header, encoder.encode("two"));
    assert.deepEqual(second?.body, encoder.encode("blob"));
    assert.equal(first?.body?.length, 100_000);
    // Given away, not copied.
    assert.equal(long.length, 0);
  } finally {
    joined.close();
  }
});

Deno.test("APPEND streams its bodies and gives storage errors back", async () => {
  const joined = join(storage({
    async append(mailbox, messages) {
      if (mailbox === 2) throw new StorageError("overQuota", "Full");
      const texts = [];
      for (const { body } of messages) {
        texts.push(await new Response(body as BodyInit).text());
      }
      return { texts } as never;
    },
    async replace(mailbox, uid, target, { body }) {
      const text = await new Response(body as BodyInit).text();
      return { mailbox, uid, target, text } as never;
    },
  }));
  const remote = new RemoteStorage(joined.link, [], "x", () => {});
  try {
    const make = (body: NewMessage["body"]): NewMessage =>
      ({
        flags: [],
        header: encoder.encode("h"),
        body,
      }) as unknown as NewMessage;
    const placed = await remote.append(1, [
      make(encoder.encode("one")),
      make(ReadableStream.from([encoder.encode("t"), encoder.encode("wo")])),
    ]) as unknown as { texts: string[] };
    assert.deepEqual(placed.texts, ["one", "two"]);
    assert.deepEqual(
      await remote.replace(
        1,
        5,
        3,
        make(ReadableStream.from([encoder.encode("new")])),
      ),
      { mailbox: 1, uid: 5, target: 3, text: "new" },
    );
    const failed = await remote.append(2, []).catch((error) => error);
    assert.ok(failed instanceof StorageError);
    assert.equal(failed.kind, "overQuota");
  } finally {
    joined.close();
  }
});

Deno.test("hints reach every listener until it stops", async () => {
  let emit: (hint: ChangeHint) => void = () => {};
  const joined = join(storage({
    watch(listener) {
      emit = listener;
      return () => {};
    },
    appendLimit: () => Promise.resolve(1),
  }));
  const remote = new RemoteStorage(
    joined.link,
    [],
    "x",
    (name, service) => joined.near.set(name, service),
  );
  try {
    const heard: number[] = [];
    const annotated: unknown[] = [];
    const stop = remote.watch(({ modSeq, annotations }) => {
      if (annotations === undefined) heard.push(modSeq);
      else annotated.push(annotations);
    });
    await remote.appendLimit(1);
    emit({ account: 1, mailbox: 1, modSeq: 5 });
    const changes = [
      { name: "/shared/x", reader: undefined },
      { name: "/private/x", reader: 1 },
    ];
    const annotations = { changes, by: "x" };
    emit({ account: 1, mailbox: undefined, modSeq: 0, annotations });
    await remote.appendLimit(1);
    stop();
    emit({ account: 1, mailbox: 1, modSeq: 6 });
    await remote.appendLimit(1);
    assert.deepEqual(heard, [5]);
    assert.deepEqual(annotated, [annotations]);
  } finally {
    joined.close();
  }
});

Deno.test("a filter in a sandbox keeps its run, its values and its refusals", async () => {
  const ended: string[] = [];
  const filter: Filter = {
    transforms: true,
    start({ values }) {
      let helo = "";
      return {
        helo: (session) => {
          helo = session.helo;
          values.set(NOTE, `helo ${helo}`);
          return Promise.resolve({ kind: "pass" });
        },
        sender: () =>
          Promise.resolve({
            kind: "reject",
            error: new SmtpError(550, "7.1", `No ${helo}`),
          }),
        body: async ({ body }) => ({
          verdict: { kind: "pass" },
          prepend: encoder.encode("X-Seen: yes\r\n"),
          body: ReadableStream.from([
            encoder.encode(
              (await new Response(body.open()).text()).toUpperCase(),
            ),
          ]),
        }),
        end: () => {
          ended.push(helo);
          return Promise.resolve();
        },
      };
    },
  };
  const joined = join(new FilterService(filter, SILENT_LOG));
  try {
    const { link, shelf } = joined;
    const remote = new RemoteFilter(link, "x", shelf, { transforms: true });
    const around = context();
    const run = remote.start(around);
    const passed = await run.helo?.({ helo: "client.test" } as never);
    assert.deepEqual(passed, { kind: "pass" });
    assert.equal(around.values.get(NOTE), "helo client.test");
    const refused = await run.sender?.(ENVELOPE);
    assert.ok(refused?.kind === "reject");
    assert.equal(refused.error.publicText, "No client.test");
    const changed = await run.body?.({
      envelope: ENVELOPE,
      recipients: [],
      header: new HeaderBlock(encoder.encode("A: b\r\n\r\n")),
      body: new MemoryBody(encoder.encode("hello")),
    });
    assert.equal(await new Response(changed?.body).text(), "HELLO");
    await run.end?.();
    await remote.start(around).helo?.({ helo: "second" } as never);
    assert.deepEqual(ended, ["client.test"]);
  } finally {
    joined.close();
  }
  assert.deepEqual(ended, ["client.test", "second"]);
});
