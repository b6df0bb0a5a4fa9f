import assert from "node:assert/strict";
import { StorageError, UnavailableError } from "#src/errors/errors.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { Channel, type Service } from "./channel.ts";
import type { Port } from "./outbox.ts";

/** Two joined ends; `services` are those of the far end. */
function pair(
  services: Record<string, Service>,
): { near: Channel; far: Channel; posts: () => number } {
  const { port1, port2 } = new MessageChannel();
  let posts = 0;
  const counted: Port = {
    postMessage(message, transfer): void {
      posts++;
      port1.postMessage(message, transfer);
    },
    set onmessage(handler: ((event: MessageEvent) => void) | null) {
      port1.onmessage = handler;
    },
    close: () => port1.close(),
  };
  const near = new Channel(counted, {
    name: "far",
    log: SILENT_LOG,
    services: new Map(),
  });
  const far = new Channel(port2, {
    name: "near",
    log: SILENT_LOG,
    services: new Map(Object.entries(services)),
  });
  return { near, far, posts: () => posts };
}

/** Runs `use` and closes both ends. */
async function withPair(
  services: Record<string, Service>,
  use: (ends: ReturnType<typeof pair>) => Promise<void>,
): Promise<void> {
  const ends = pair(services);
  try {
    await use(ends);
  } finally {
    ends.near.close();
    ends.far.close();
  }
}

const ECHO: Service = {
  call: (_method, args) => Promise.resolve(args[0]),
};

Deno.test("calls of one turn leave in one post and find their answers", () =>
  withPair({ echo: ECHO }, async ({ near, posts }) => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => near.call("echo", "x", [i])),
    );
    assert.deepEqual(answers, Array.from({ length: 50 }, (_, i) => i));
    assert.equal(posts(), 1);
  }));

Deno.test("errors that callers tell apart keep their class", () => {
  const failing: Service = {
    call(method): never {
      if (method === "smtp") {
        throw new SmtpError(550, "1.1", "No such mailbox", {
          fields: { account: "x", object: {} },
        });
      }
      if (method === "storage") throw new StorageError("notFound", "Gone");
      throw new TypeError("secret detail");
    },
  };
  return withPair({ failing }, async ({ near }) => {
    const smtp = await near.call("failing", "smtp", []).catch((e) => e);
    assert.ok(smtp instanceof SmtpError);
    assert.equal(smtp.enhanced, "5.1.1");
    assert.deepEqual(smtp.fields, { account: "x" });
    const storage = await near.call("failing", "storage", []).catch((e) => e);
    assert.ok(storage instanceof StorageError);
    assert.equal(storage.kind, "notFound");
    const other = await near.call("failing", "other", []).catch((e: Error) =>
      e
    ) as Error;
    assert.match(other.message, /^Internal error, reference [0-9a-f]{8}$/);
    const absent = await near.call("nobody", "x", []).catch((e) => e);
    assert.ok(absent instanceof UnavailableError);
  });
});

Deno.test("a cancelled call rejects here and aborts there", async () => {
  const { promise: aborted, resolve } = Promise.withResolvers<unknown>();
  const { promise: called, resolve: begin } = Promise.withResolvers<void>();
  const slow: Service = {
    call(_method, _args, { signal }): Promise<unknown> {
      signal.addEventListener("abort", () => resolve(signal.reason));
      begin();
      return new Promise(() => {});
    },
  };
  await withPair({ slow }, async ({ near }) => {
    const controller = new AbortController();
    const call = near.call("slow", "x", [], { signal: controller.signal });
    await called;
    controller.abort(new Error("enough"));
    await assert.rejects(call, /enough/);
    assert.equal(((await aborted) as Error).name, "AbortError");
  });
});

Deno.test("a lost far side fails what waits and what comes later", async () => {
  const never: Service = { call: () => new Promise(() => {}) };
  const { near, far } = pair({ never });
  const call = near.call("never", "x", []);
  near.close();
  await assert.rejects(call, UnavailableError);
  await assert.rejects(near.call("never", "x", []), UnavailableError);
  far.close();
});

Deno.test("an argument that cannot be cloned fails its own call only", () =>
  withPair({ echo: ECHO }, async ({ near }) => {
    const bad = near.call("echo", "x", [() => {}]);
    const good = near.call("echo", "x", [1]);
    await assert.rejects(bad);
    assert.equal(await good, 1);
  }));

Deno.test("a result that cannot be cloned fails its own call only", () => {
  const odd: Service = { call: (method) => method === "f" ? () => {} : 1 };
  return withPair({ odd }, async ({ near }) => {
    const bad = near.call("odd", "f", []);
    const good = near.call("odd", "g", []);
    await assert.rejects(bad, /Internal error/);
    assert.equal(await good, 1);
  });
});

Deno.test("a sequence is yielded no further than the reader has room", () => {
  let yielded = 0;
  let returned = false;
  async function* numbers(): AsyncGenerator<number> {
    try {
      for (let i = 0; i < 1000; i++) {
        yielded++;
        yield await Promise.resolve(i);
      }
    } finally {
      returned = true;
    }
  }
  const source: Service = {
    call: (method, _args, { channel }) =>
      method === "sync" ? "" : channel.offer(numbers()),
  };
  return withPair({ source }, async ({ near }) => {
    const handle = await near.call("source", "x", []);
    const reader = near.take(handle as { $source: number }, 2);
    const first = await reader.next();
    const second = await reader.next();
    assert.deepEqual([first.value, second.value], [0, 1]);
    await near.call("source", "sync", []);
    assert.ok(yielded <= 5, `${yielded} yielded`);
    await reader.return();
    await near.call("source", "sync", []);
    assert.ok(returned);
  });
});

Deno.test("a failing sequence gives its items, then its error", () => {
  async function* failing(): AsyncGenerator<number> {
    yield 1;
    await Promise.resolve();
    throw new StorageError("corrupt", "Broken");
  }
  const source: Service = {
    call: (_method, _args, { channel }) => channel.offer(failing()),
  };
  return withPair({ source }, async ({ near }) => {
    const handle = await near.call("source", "x", []);
    const reader = near.take(handle as { $source: number }, 4);
    assert.equal((await reader.next()).value, 1);
    await assert.rejects(() => reader.next(), StorageError);
  });
});

Deno.test("a stream in the arguments arrives byte for byte", () => {
  const sink: Service = {
    async call(_method, args, { channel }): Promise<number> {
      let sum = 0;
      const reader = channel.take(args[0] as { $source: number }, 2);
      for await (const chunk of reader.toStream()) {
        for (const byte of chunk) sum += byte;
      }
      return sum;
    },
  };
  return withPair({ sink }, async ({ near }) => {
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 20; i++) {
        yield await Promise.resolve(new Uint8Array(1000).fill(i));
      }
    }
    const handle = near.offer(chunks());
    assert.equal(await near.call("sink", "x", [handle]), 190_000);
  });
});

Deno.test("a reader of a lost far side fails instead of waiting", async () => {
  const source: Service = {
    call: (_method, _args, { channel }) =>
      channel.offer((async function* () {
        await new Promise(() => {});
        yield 1;
      })()),
  };
  const { near, far } = pair({ source });
  const handle = await near.call("source", "x", []);
  const next = near.take(handle as { $source: number }, 1).next();
  near.close();
  await assert.rejects(next, UnavailableError);
  far.close();
});

Deno.test("a sequence that is taken back fails its reader", () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const sink: Service = {
    call(_method, args, { channel }): number {
      const reader = channel.take(args[0] as { $source: number }, 1);
      resolve(reader.next().catch((error: unknown) => error));
      return 1;
    },
  };
  return withPair({ sink }, async ({ near }) => {
    const handle = near.offer((async function* () {
      await new Promise(() => {});
      yield 1;
    })());
    await near.call("sink", "x", [handle]);
    near.withdraw(handle);
    assert.ok(await promise instanceof UnavailableError);
  });
});

Deno.test("notifications arrive in the order of sending", async () => {
  const heard: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const ear: Service = {
    call: () => undefined,
    notified(method, args): void {
      heard.push([method, ...args]);
      if (heard.length === 2) resolve();
    },
  };
  await withPair({ ear }, async ({ near }) => {
    near.notify("ear", "a", [1]);
    near.notify("ear", "b", [2]);
    await promise;
  });
  assert.deepEqual(heard, [["a", 1], ["b", 2]]);
});
